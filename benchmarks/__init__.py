"""How fast, how much memory, how much arithmetic: minirag beside transformers, same weights, same inputs. See README.md."""
