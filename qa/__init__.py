"""Call QA: recordings in, explained and repeatable scorecards out, all on the firm's own machine."""

import os

# The products here are small and many run side by side: threads inside each only wait for one another and double the
# processor time. It must be said before numpy is loaded; who says otherwise in the environment is heard.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
