"""Alerts: telling people that something needs them."""
