"""Where does the page listen, and what is said when it cannot? (What it answers: test_page.py.)"""

import socket

import pytest

from minirag.serve.server import address, listen


def test_any_free_port_is_found_and_told():
    with listen("127.0.0.1", 0) as listening:
        assert address(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_an_address_of_the_newer_kind_is_told_in_brackets():
    try:
        listening = listen("::1", 0)
    except ValueError as error:  # a machine without IPv6 says so in one line, which is what this asks of it
        assert str(error).startswith("cannot listen on ::1, port 0 (")
        return
    with listening:
        assert address(listening).startswith("http://[::1]:")


def test_a_port_in_use_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ValueError, match=f"^port {port} of 127.0.0.1 is in use; give another with --port$"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "a" * 80])
def test_a_host_that_is_not_this_machine_is_one_line(host):
    with pytest.raises(ValueError, match=f"^cannot listen on {host}, port 0 ") as refusal:
        listen(host, 0)
    assert "\n" not in str(refusal.value)
