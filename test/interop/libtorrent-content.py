"""Makes and loads BitTorrent v2 torrents with libtorrent, as an oracle for our own.

Reads one JSON object from standard input: `create`, a list of {path, pieceBytes} to make torrents of, and
`load`, a list of .torrent files in base64. Writes one JSON object with a result for each, in order.
"""

import base64
import json
import os
import sys
import warnings

import libtorrent as lt

warnings.simplefilter("ignore", DeprecationWarning)


def create(job):
    flags = lt.create_torrent.v2_only | lt.create_torrent.symlinks
    files = lt.file_storage()
    lt.add_files(files, job["path"], flags=flags)
    torrent = lt.create_torrent(files, job["pieceBytes"], flags)
    lt.set_piece_hashes(torrent, os.path.dirname(job["path"]))
    made = torrent.generate()
    # Tells when it was made, which the other side can not know.
    made.pop(b"creation date", None)
    encoded = lt.bencode(made)
    info = lt.torrent_info(lt.bdecode(encoded))
    return {
        "id": str(info.info_hashes().v2),
        "torrent": base64.b64encode(encoded).decode(),
    }


def load(encoded):
    info = lt.torrent_info(lt.bdecode(base64.b64decode(encoded)))
    storage = info.files()
    files = []
    for index in range(storage.num_files()):
        flags = storage.file_flags(index)
        if flags & lt.file_storage.flag_pad_file:
            continue
        files.append(
            {
                "path": storage.file_path(index),
                "bytes": storage.file_size(index),
                "root": str(storage.root(index)),
                "executable": bool(flags & lt.file_storage.flag_executable),
                "symlink": storage.symlink(index) if flags & lt.file_storage.flag_symlink else None,
            }
        )
    return {
        "id": str(info.info_hashes().v2),
        "name": info.name(),
        "pieceBytes": info.piece_length(),
        "pieceCount": info.num_pieces(),
        "files": files,
    }


def attempt(action, argument):
    try:
        return action(argument)
    except RuntimeError as error:
        return {"error": str(error)}


def main():
    jobs = json.load(sys.stdin)
    results = {
        "version": lt.__version__,
        "created": [attempt(create, job) for job in jobs["create"]],
        "loaded": [attempt(load, torrent) for torrent in jobs["load"]],
    }
    json.dump(results, sys.stdout)


main()
