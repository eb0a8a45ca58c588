"""Operations whose handlers run in child processes: ``Workers`` is ``processes``.

The engine's process stays the only one that writes. Each job of the item has a child
process with one instance of the component. A message goes to the child, and its reply or its error
comes back; what the component asks of its host meanwhile is done by the job in the engine's
process. So retries, settlement, traces and alerts are the same as for threads.
"""
