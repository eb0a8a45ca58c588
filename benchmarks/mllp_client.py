"""A partner that sends HL7 messages over MLLP as fast as they are acknowledged; a process of its own.

``python -m benchmarks.mllp_client PORT CONNECTIONS COUNT`` prints one JSON line.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time

_MESSAGE = "\r".join(
    (
        "MSH|^~\\&|LAB|NORTH|IOP|HUB|20261122120000||ADT^A01^ADT_A01|{id}|P|2.5",
        "EVN|A01|20261122120000",
        "PID|1||471108^^^HUB^MR~3297756^^^NAT^SS||MILLER^ANNA^MARIA||19620401|F|||12 MAIN ST^^SPRINGFIELD^IL^62701^USA",
        "NK1|1|MILLER^JOHN|SPO|12 MAIN ST^^SPRINGFIELD^IL^62701^USA|(217)555-0100",
        "PV1|1|I|W4^12^1^HUB|||||SMITH^JANE^A^^^DR|||MED||||1|A0||||||||||||||||||||||||||||20261122120000",
        "AL1|1|DA|PENICILLIN|MO|RASH",
        "DG1|1|I10|J18.9|PNEUMONIA, UNSPECIFIED ORGANISM|20261122|A",
        "IN1|1|PLAN01|4711|GOOD HEALTH INC|1 INSURANCE WAY^^SPRINGFIELD^IL^62701^USA",
        "",
    )
)


def frame(control_id: str) -> bytes:
    """Return a message of about 670 bytes in its frame."""
    return b"\x0b" + _MESSAGE.format(id=control_id).encode() + b"\x1c\r"


def main() -> None:
    """Send, and print how many were acknowledged and how long each took."""
    port, connections, count = map(int, sys.argv[1:4])
    latencies: list[float] = []
    numbers = iter(range(count))
    lock = threading.Lock()

    def send() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                start = time.perf_counter()
                connection.sendall(frame(f"B{number}"))
                answer = b""
                while not answer.endswith(b"\x1c\r"):
                    piece = connection.recv(4096)
                    if not piece:
                        raise SystemExit("the connection was closed before the answer came")
                    answer += piece
                if b"MSA|AA|" not in answer:
                    raise SystemExit(f"not accepted: {answer!r}")
                latencies.append(time.perf_counter() - start)

    threads = [threading.Thread(target=send) for _ in range(connections)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(latencies) != count:
        raise SystemExit(f"{len(latencies)} of {count} messages were acknowledged")
    print(json.dumps({"start": start, "seconds": time.monotonic() - start, "latencies": latencies}))


if __name__ == "__main__":
    main()
