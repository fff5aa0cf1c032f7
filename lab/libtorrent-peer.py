"""libtorrent as the peer beside us: hashes, seeds or fetches, and prints one line of JSON when it is done.

  hash PATH PIECE_BYTES TORRENT    makes a BitTorrent v2 torrent; prints the seconds that hashing took
  seed TORRENT SAVE PORT           prints "ready" and seeds until it is ended
  fetch TORRENT SAVE PORT          fetches from 127.0.0.1:PORT; prints seconds and peak RSS
  swarm TORRENT SAVE ADDRESS PORT  one of many: seeds at once if SAVE has everything ("seeding" as a sixth word), or
                                   else when a line of addresses on stdin names whom to connect to; prints its share
                                   as it grows, "complete" once, and goes on until stdin ends
"""

import json
import os
import resource
import select
import sys
import time

import libtorrent as lt


def peak_rss_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def session(listen):
    return lt.session({
        "listen_interfaces": listen,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "allow_multiple_connections_per_ip": True,
        "out_enc_policy": 2,
        "in_enc_policy": 2,
        "alert_mask": 0,
    })


def hash_tree(path, piece_bytes, torrent_path):
    storage = lt.file_storage()
    lt.add_files(storage, path)
    torrent = lt.create_torrent(storage, int(piece_bytes), lt.create_torrent.v2_only)
    start = time.monotonic()
    lt.set_piece_hashes(torrent, os.path.dirname(os.path.abspath(path)))
    seconds = time.monotonic() - start
    with open(torrent_path, "wb") as out:
        out.write(lt.bencode(torrent.generate()))
    print(json.dumps({"seconds": seconds, "rssBytes": peak_rss_bytes()}), flush=True)


def add(ses, torrent_path, save_path, seeding):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent_path)
    params.save_path = save_path
    if seeding:
        params.flags |= lt.torrent_flags.seed_mode
    params.flags &= ~lt.torrent_flags.auto_managed
    params.flags &= ~lt.torrent_flags.paused
    return ses.add_torrent(params)


def seed(torrent_path, save_path, port):
    ses = session("127.0.0.1:" + port)
    add(ses, torrent_path, save_path, True)
    time.sleep(0.5)
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps({"rssBytes": peak_rss_bytes(), "cpuSeconds": cpu_seconds()}), flush=True)


def fetch(torrent_path, save_path, port):
    ses = session("127.0.0.1:0")
    start = time.monotonic()
    handle = add(ses, torrent_path, save_path, False)
    handle.connect_peer(("127.0.0.1", int(port)))
    while not handle.status().is_seeding:
        time.sleep(0.005)
    seconds = time.monotonic() - start
    print(json.dumps({"seconds": seconds, "rssBytes": peak_rss_bytes(), "cpuSeconds": cpu_seconds()}), flush=True)


def swarm(torrent_path, save_path, address, port, role="fetching"):
    ses = session(address + ":" + port)
    ses.apply_settings({"allow_multiple_connections_per_ip": False, "outgoing_interfaces": address})
    if role == "seeding":
        add(ses, torrent_path, save_path, True)
    print("ready", flush=True)
    line = sys.stdin.readline()
    if role != "seeding" and line:
        handle = add(ses, torrent_path, save_path, False)
        for peer in line.split():
            handle.connect_peer((peer, int(port)))
        printed = time.monotonic()
        while not handle.status().is_seeding:
            if time.monotonic() - printed > 0.25:
                printed = time.monotonic()
                print(handle.status().progress, flush=True)
            if select.select([sys.stdin], [], [], 0.01)[0]:
                return
        print("complete", flush=True)
    while line:
        line = sys.stdin.readline()


if __name__ == "__main__":
    {"hash": hash_tree, "seed": seed, "fetch": fetch, "swarm": swarm}[sys.argv[1]](*sys.argv[2:])
