"""More passages than one machine encodes or holds: workers and shards on several machines, which Ray starts and keeps alive."""
