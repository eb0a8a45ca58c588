"""Messages, components, settings and the plug-in contract of IoP."""
