"""A relay that delays what crosses WAN links: DELAY_MS, then pairs of interfaces A:B that it makes.

Each interface is a tap device. A frame that leaves through A comes in through B after the delay, and the other way
round. Frames stay as the kernel batched them (with their virtio header), so that one read carries up to 64 KiB;
the shapers before the taps set the rate, the relay only the delay. Prints "ready" once the devices are there.
"""

import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
TUNSETOFFLOAD = 0x400454D0
TUNSETVNETHDRSZ = 0x400454D8
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000
OFFLOAD_CSUM_TSO4_TSO6 = 0x01 | 0x02 | 0x04
FRAME_BYTES_MAX = 65536 + 64


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    fcntl.ioctl(tap, TUNSETVNETHDRSZ, struct.pack("i", 10))
    fcntl.ioctl(tap, TUNSETOFFLOAD, OFFLOAD_CSUM_TSO4_TSO6)
    return tap


def read_all(tap, line, due):
    while True:
        try:
            line.append((due, os.read(tap, FRAME_BYTES_MAX)))
        except BlockingIOError:
            return


def main():
    delay = float(sys.argv[1]) / 1000
    other = {}
    for pair in sys.argv[2:]:
        a, b = (open_tap(name) for name in pair.split(":"))
        other[a], other[b] = b, a
    # Every frame waits equally long, so what comes first leaves first.
    line = collections.deque()
    poll = select.poll()
    for tap in other:
        poll.register(tap, select.POLLIN)
    print("ready", flush=True)
    while True:
        wait = None if not line else max(0.0, line[0][0] - time.monotonic()) * 1000
        for tap, event in poll.poll(wait):
            if event & select.POLLIN:
                frames = []
                read_all(tap, frames, time.monotonic() + delay)
                line.extend((due, other[tap], frame) for due, frame in frames)
        now = time.monotonic()
        while line and line[0][0] <= now:
            _, to, frame = line.popleft()
            try:
                os.write(to, frame)
            except (BlockingIOError, OSError):
                pass  # the interface is down or full: a frame is lost, as on any network


if __name__ == "__main__":
    main()
