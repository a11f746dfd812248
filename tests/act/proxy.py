"""A proxy on loopback that speaks TLS as whatever host it is asked for: the far end of a client that
cannot be pointed at another address. The certificate is made for the test."""

import ssl
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _certificate(folder: Path, host: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    places = folder / "key.pem", folder / "certificate.pem"
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    places[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    places[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return places


@contextmanager
def https_proxy(page: bytes, host: str):
    """Yields the proxy's address, the certificate to trust, and (host, request line) of each request."""
    asked: list[tuple[str, str]] = []

    class Handler(StreamRequestHandler):
        def handle(self):
            place = self.rfile.readline().split()[1].decode()
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with context.wrap_socket(self.request, server_side=True) as secure:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += secure.recv(65536)
                asked.append((place, data.split(b"\r\n")[0].decode()))
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
                secure.sendall(f"{head}Connection: close\r\n\r\n".encode() + page)

    with tempfile.TemporaryDirectory() as folder:
        key, certificate = _certificate(Path(folder), host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["http/1.1"])
        with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}", str(certificate), asked
            server.shutdown()
