"""The web app: our own routes (sign-in, private sound, upload) and Streamlit's pages behind one gate.

Conventions: the gate asks at every request who is there; a page asks again at every run, because messages on an
open connection pass no gate; and every query takes the principal. Hidden pages are comfort, rights are in the
queries. Modules: :mod:`gate`, :mod:`routes`, :mod:`state` (what is opened once), :mod:`identity` (who is there),
``pages`` (one file per page) and ``parts`` (what several pages draw).
"""

from qa.web.gate import Gate
from qa.web.lifespan import lifespan
from qa.web.routes import routes

__all__ = ["Gate", "lifespan", "routes"]
