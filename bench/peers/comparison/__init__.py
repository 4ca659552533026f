"""INCCL and its peers side by side in one run; bench/peers/compare is the command.

    libraries.py     who takes part and how each one's ranks are started
    running.py       the processes of one library and the line to each of its ranks
    rounds.py        the order of measurements and the time that each gets
    intervals.py     ratios, their bootstrap intervals, and the verdict
    machine.py       what it ran on, and whether it was alone there
    report.py        the record (JSON) and the tables
    picture.py       the SVG
    progress.py      where the run stands, on stderr
    session.py       one comparison from the first process to the record
    command_line.py  the flags, and what each of them makes happen
"""
