"""Metrics and evaluation: how often is the answer right, and was the passage that says so found?"""
