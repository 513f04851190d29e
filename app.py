"""The web app's entry: `streamlit run app.py`, or `qa serve`."""

import streamlit as st
from starlette.middleware import Middleware

from qa.web import Gate, lifespan, routes

app = st.App("qa/web/pages/main.py", routes=routes(), middleware=[Middleware(Gate)], lifespan=lifespan)
