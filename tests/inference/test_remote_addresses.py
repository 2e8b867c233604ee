"""What only this server can reach is never called for an owner who types its address."""

from __future__ import annotations

import socket

import pytest

from inference.remote import addresses
from inference.remote.addresses import addresses_of, place_of, raise_if_written_so
from inference.remote.client import send
from inference.remote.problems import CallFailed, Misplaced
from tests.inference.remote_server import as_json, served

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::c0a8:101",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::7f00:1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2001:0:1::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


def url_of(address):
    return f"http://[{address}]/v1" if ":" in address else f"http://{address}/v1"


@pytest.mark.parametrize("address", INSIDE + NEVER)
def test_addresses_inside_are_refused(address):
    with pytest.raises(Misplaced):
        raise_if_written_so(place_of(url_of(address)))
    with pytest.raises(Misplaced):
        addresses_of(address, 80)


@pytest.mark.parametrize("address", INSIDE)
def test_a_setting_allows_private_networks(settings, address):
    settings.REMOTE_PRIVATE_NETWORKS = True

    raise_if_written_so(place_of(url_of(address)))


@pytest.mark.parametrize("address", NEVER)
def test_no_setting_allows_where_a_machine_keeps_its_secrets(settings, address):
    settings.REMOTE_PRIVATE_NETWORKS = True

    with pytest.raises(Misplaced):
        raise_if_written_so(place_of(url_of(address)))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called(address):
    raise_if_written_so(place_of(url_of(address)))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "017700000001"])
def test_an_address_in_disguise_is_refused_where_it_leads(host):
    with pytest.raises(Misplaced, match="private network"):
        addresses_of(place_of(f"http://{host}/").host, 80)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "model.example/v1",
        "ftp://model.example/",
        "file:///etc/passwd",
        "gopher://model.example/",
        "unix:///run/docker.sock",
        "http://",
        "http:///v1",
        "https://user:word@model.example/",
        "https://user@model.example/",
        "https://@model.example/",
        "https://model.example\\@10.0.0.1/",
        "https://model.example/ v1",
        "https://model.example/v1?key=1",
        "https://model.example/v1?",
        "https://model.example/v1#a",
        "https://model.example:0/",
        "https://model.example:99999/",
        "https://model.example:x/",
        "https://[::1/",
        "https://mödel.example/",
        "https://model.example/\r\nX-Key: 1",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(Misplaced):
        place_of(url)


def test_a_name_is_refused_when_any_of_its_addresses_is_inside(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", names({"model.example": ["1.1.1.1", "10.0.0.1"]}))

    with pytest.raises(Misplaced, match="private network"):
        addresses_of("model.example", 443)


def test_a_name_without_addresses_says_so(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", names({}))

    with pytest.raises(CallFailed, match=r"model\.example leads to no address"):
        addresses_of("model.example", 443)


def test_a_name_is_asked_for_once_and_the_checked_address_is_called(monkeypatch, settings):
    """A name that leads to a harmless address when it is checked, and inside afterwards."""
    settings.REMOTE_PRIVATE_NETWORKS = True
    lookup = names({"model.example": ["127.0.0.1"]})
    asked = []

    def once(host, *args, **kwargs):
        asked.append(host)
        assert asked.count("model.example") == 1
        return lookup(host, *args, **kwargs)

    with served(lambda *_: as_json({})) as server:
        monkeypatch.setattr(socket, "getaddrinfo", once)
        place = place_of(f"http://model.example:{server.port}/v1")
        reply = send(place, headers={}, timeout=5)

    assert reply.status == 200
    assert "model.example" in asked
    [(_, _, headers, _)] = server.asked
    assert headers["Host"] == f"model.example:{server.port}"


def test_a_name_that_leads_inside_is_not_called(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", names({"model.example": ["127.0.0.1"]}))

    with served(lambda *_: as_json({})) as server, pytest.raises(Misplaced):
        send(place_of(f"http://model.example:{server.port}/"), headers={}, timeout=5)

    assert server.asked == []


def test_proxies_of_the_environment_are_not_used(monkeypatch, settings):
    settings.REMOTE_PRIVATE_NETWORKS = True
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with served(lambda *_: as_json({})) as server:
        assert send(place_of(server.url), headers={}, timeout=5).status == 200


def test_every_part_of_an_address_is_kept():
    place = place_of("HTTPS://Model.Example.:8443/api/v1/")

    assert place == addresses.Place("https", "model.example", 8443, "/api/v1")
    assert place.host_header == "model.example:8443"
    assert place_of("http://[2606:4700::1]/").host_header == "[2606:4700::1]"


def names(table):
    real = socket.getaddrinfo

    def lookup(host, port, *args, **kwargs):
        if host in table:
            return [row for one in table[host] for row in real(one, port, *args, **kwargs)]
        if host.replace(".", "").isdigit():
            return real(host, port, *args, **kwargs)
        raise socket.gaierror("no such name")

    return lookup
