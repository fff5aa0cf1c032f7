"""A relay that delays and loses what crosses WAN links: DELAY_MS LOSS SEED, then pairs of interfaces A:B that it makes.

Each interface is a tap device. A frame that leaves through A comes in through B after the delay, and the other way
round. LOSS is the share of IP packets that are lost, each by itself, by a sequence of numbers that each direction draws
from the seed. Without loss frames stay as the kernel batched them (with their virtio header), so that one read carries
up to 64 KiB; with loss the kernel cuts them first, so that a frame is one packet. The shapers before the taps set the
rate. Prints "ready" once the devices are there, and for each line of input "CARRIED LOST", in packets so far (frames
without loss); ends with its input.
"""

import collections
import fcntl
import os
import random
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
VNET_HEADER_BYTES = 10
FRAME_BYTES_MAX = 65536 + 64
ETHERTYPE_AT = VNET_HEADER_BYTES + 12
IP = (b"\x08\x00", b"\x86\xdd")


def open_tap(name, offload):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    fcntl.ioctl(tap, TUNSETVNETHDRSZ, struct.pack("i", VNET_HEADER_BYTES))
    fcntl.ioctl(tap, TUNSETOFFLOAD, offload)
    return tap


class Direction:
    def __init__(self, to, loss, seed):
        self.to = to
        self.loss = loss
        self.random = random.Random(seed)
        self.carried = 0
        self.lost = 0

    def loses(self, frame):
        if frame[ETHERTYPE_AT : ETHERTYPE_AT + 2] not in IP:
            return False
        self.carried += 1
        if self.loss == 0 or self.random.random() >= self.loss:
            return False
        self.lost += 1
        return True


def read_all(tap):
    while True:
        try:
            yield os.read(tap, FRAME_BYTES_MAX)
        except BlockingIOError:
            return


def main():
    delay = float(sys.argv[1]) / 1000
    loss = float(sys.argv[2])
    seed = sys.argv[3]
    offload = OFFLOAD_CSUM_TSO4_TSO6 if loss == 0 else 0
    directions = {}
    for pair in sys.argv[4:]:
        a, b = (open_tap(name, offload) for name in pair.split(":"))
        for tap, other in ((a, b), (b, a)):
            directions[tap] = Direction(other, loss, f"{seed} {len(directions)}")
    # Every frame waits equally long, so what comes first leaves first.
    line = collections.deque()
    poll = select.poll()
    for tap in (*directions, sys.stdin.fileno()):
        poll.register(tap, select.POLLIN)
    print("ready", flush=True)
    while True:
        wait = None if not line else max(0.0, line[0][0] - time.monotonic()) * 1000
        for ready, event in poll.poll(wait):
            if ready not in directions:
                if not os.read(ready, 4096):
                    return
                all_ways = directions.values()
                print(sum(way.carried for way in all_ways), sum(way.lost for way in all_ways), flush=True)
            elif event & select.POLLIN:
                way = directions[ready]
                due = time.monotonic() + delay
                line.extend((due, way.to, frame) for frame in read_all(ready) if not way.loses(frame))
        now = time.monotonic()
        while line and line[0][0] <= now:
            _, to, frame = line.popleft()
            try:
                os.write(to, frame)
            except (BlockingIOError, OSError):
                pass  # the interface is down or full: a frame is lost, as on any network


if __name__ == "__main__":
    main()
