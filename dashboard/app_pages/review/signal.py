"""Signal: everything about one signal."""

import streamlit as st

st.title("x")
