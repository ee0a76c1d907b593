"""How are answers looked at in a browser? One local page: a question, both models side by side.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/serve

NiceGUI is imported in page.py and server.py only, inside `serve`. Nothing is asked of another host, whatever the page shows.
"""
