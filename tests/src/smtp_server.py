"""A mail server on this machine for tests, which keeps messages as files. Prints its port when it is ready.

smtp_server.py FOLDER [--certificate FILE --key FILE] [--user NAME --password PASSWORD]

A recipient whose name begins with `never` is refused for good, one with `later` the first time, and one with `busy` each time.
Each RCPT command is a line of FOLDER/recipients.
"""

import argparse
import asyncio
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--user")
parser.add_argument("--password")
options = parser.parse_args()


class Handler:
    def __init__(self):
        self.messages = 0
        self.asked = []

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        with open(options.folder / "recipients", "a") as recipients:
            recipients.write(address + "\n")
        is_first = address not in self.asked
        self.asked.append(address)
        if address.startswith("never"):
            return "550 5.1.1 No such person"
        if address.startswith("busy") or (address.startswith("later") and is_first):
            return "451 4.2.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages += 1
        name = f"{self.messages:03}.eml"
        envelope_lines = f"X-Test-To: {','.join(envelope.rcpt_tos)}\r\nX-Test-Tls: {session.ssl is not None}\r\n" \
            f"X-Test-User: {(session.auth_data or b'').decode()}\r\n"
        # A reader never sees a part of a message.
        unfinished = options.folder / (name + ".part")
        unfinished.write_bytes(envelope_lines.encode() + envelope.content)
        unfinished.rename(options.folder / name)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    is_known = (data.login.decode(), data.password.decode()) == (options.user, options.password)
    return AuthResult(success=is_known, handled=is_known, auth_data=data.login if is_known else None)


async def main():
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    handler = Handler()

    def connection():
        return SMTP(
            handler,
            tls_context=context,
            authenticator=authenticate if options.user else None,
            auth_required=bool(options.user),
            # A client must not give its password away.
            auth_require_tls=bool(context),
            enable_SMTPUTF8=True,
        )

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
