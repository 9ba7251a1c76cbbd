testinfra_hosts = ["ansible://clients"]


def test_file_daemon(host):
    daemon = host.service("bacula-fd")
    assert daemon.is_running
    assert daemon.is_enabled


def test_file_daemon_listens(host):
    assert any(socket.endswith(":9102") for socket in host.socket.get_listening_sockets())
