"""Makes the demo's recordings, their transcripts and their truth from the scripts in ``data/demo/scripts``.

Run ``python -m tools.make_demo`` from the top of the project (``make demo-sound``). It needs the shared
libraries of flite and espeak-ng; nothing else in the project does.

Conventions
-----------
- Sound is made at 8 kHz; a position is a whole sample, a time is seconds from the start of the recording.
- Agent and customer have one track each until the two are laid on channels.
"""
