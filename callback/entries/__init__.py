"""How a web server hands a request over, where it does not speak WSGI itself."""
