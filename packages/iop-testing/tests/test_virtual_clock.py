"""The clock of tests: who is woken, and when."""

import threading

from iop_testing import VirtualClock

PATIENCE_SECONDS = 20


class CountingClock(VirtualClock):
    """Counts how often somebody looked at it."""

    looks = 0

    def monotonic(self):
        self.looks += 1
        return super().monotonic()


def waiting_thread(alarm, seconds, seen):
    thread = threading.Thread(target=lambda: seen.append(alarm.wait(seconds)))
    thread.start()
    return thread


def test_advance_wakes_everybody_whose_time_has_come() -> None:
    clock, seen = VirtualClock(), []
    threads = [waiting_thread(clock.alarm(), 10, seen) for _ in range(3)]
    while any(thread.is_alive() for thread in threads):  # a wait that has just begun has 10 s from then
        clock.advance(10)
        for thread in threads:
            thread.join(0.001)
    assert seen == [False] * 3


def test_set_wakes_all_who_wait_for_that_alarm() -> None:
    clock, seen = VirtualClock(), []
    alarm = clock.alarm()
    threads = [waiting_thread(alarm, None, seen) for _ in range(3)]
    alarm.set()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert seen == [True] * 3
    assert alarm.wait(0), "also those who come later"


def test_set_wakes_nobody_who_waits_for_another_alarm() -> None:
    clock, seen = CountingClock(), []
    alarm = clock.alarm()
    thread = waiting_thread(alarm, None, seen)
    while not clock.looks:
        thread.join(0.001)
    before = clock.looks
    for _ in range(200):
        clock.alarm().set()
        thread.join(0.0005)
    alarm.set()
    thread.join(PATIENCE_SECONDS)
    assert (seen, clock.looks) == ([True], before)


def test_release_ends_every_wait_now_and_later() -> None:
    clock, seen = VirtualClock(), []
    threads = [waiting_thread(clock.alarm(), 3600, seen), waiting_thread(clock.alarm(), None, seen)]
    clock.release()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert seen == [False] * 2
    assert clock.alarm().wait() is False, "also those who come later"
    assert clock.monotonic() == 0.0
