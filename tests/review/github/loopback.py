"""A GitHub on 127.0.0.1: the REST API over a small model, and git's own smart HTTP over a bare repository.

    with LoopbackGitHub(bare) as hub:  hub.address -> http://127.0.0.1:PORT/acme/library.git

Every request and every answer is held against GitHub's published description; what does not fit is a
problem, and the `with` block fails the test for it. `hub.fail(...)` queues an answer of another kind.
"""

import base64
import json
import os
import subprocess
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.review.github.description import named, wrong_answer, wrong_request

TOKEN = "ghp_" + "loopback" * 5
PREFIX = "/api/v3"
WHO = (("NAME", "Hub"), ("EMAIL", "hub@example.org"), ("DATE", "1770000000 +0000"))


@dataclass(kw_only=True)
class Fault:
    """An answer instead of the real one, for the next requests whose verb and path contain `what`."""

    what: str
    status: int
    message: str = "x"
    headers: dict[str, str] = field(default_factory=dict)
    errors: list[Any] | None = None
    times: int = 1
    lost: bool = False
    """The request is done all the same, and only its answer is lost."""


@dataclass(kw_only=True)
class Pull:
    number: int
    title: str
    body: str
    head: str
    base: str
    draft: bool
    state: str = "open"
    merged: str | None = None
    labels: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)
    closer: str = "ada"


class LoopbackGitHub:
    """One repository acme/library, whose git is `bare`."""

    def __init__(self, bare: Path) -> None:
        self.bare = bare
        self.pulls: list[Pull] = []
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self.asked: list[str] = []
        self.drafts = True
        self.page = 100
        self.ids = 0

    def __enter__(self) -> "LoopbackGitHub":
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        if kind is None:
            wrong = [*self.problems, *(f"{fault.what} never failed" for fault in self.faults)]
            if wrong:
                raise AssertionError("; ".join(wrong))

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def address(self) -> str:
        return f"{self.root}/acme/library.git"

    @property
    def environ(self) -> dict[str, str]:
        return {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": f"{self.root}{PREFIX}"}

    # ------------------------------------------------------------ what people do there

    def fail(self, what: str, status: int, message: str = "x", **words: Any) -> None:
        self.faults.append(Fault(what=what, status=status, message=message, **words))

    def comment(
        self, number: int, text: str, who: str = "ada", word: str = "MEMBER", kind: str = "User"
    ) -> None:
        self.pulls[number - 1].comments.append(
            named("issue-comment", id=self._id(), body=text, user=user(who, kind), author_association=word,
                  created_at=self._when())
        )  # fmt: skip

    def review(self, number: int, text: str, who: str = "ada", word: str = "MEMBER") -> None:
        self.pulls[number - 1].reviews.append(
            named("pull-request-review", id=self._id(), body=text, user=user(who), author_association=word,
                  submitted_at=self._when(), state="COMMENTED")
        )  # fmt: skip

    def remark(self, number: int, text: str, path: str, line: int, who: str = "ada") -> None:
        self.pulls[number - 1].remarks.append(
            named("pull-request-review-comment", id=self._id(), body=text, user=user(who),
                  path=path,
                  line=line, author_association="OWNER", created_at=self._when())
        )  # fmt: skip

    def close(self, number: int, who: str = "ada") -> None:
        pull = self.pulls[number - 1]
        pull.state, pull.closer = "closed", who

    def merge(self, number: int, how: str = "merge") -> str:
        """As the buttons do, with the messages that they offer; "reworded" is a squash with another one."""
        pull = self.pulls[number - 1]
        main, branch = self.git("rev-parse", "main"), self.git("rev-parse", pull.head)
        commits = self.git("rev-list", "--reverse", f"{main}..{branch}").split()
        messages = [self.git("log", "-1", "--format=%B", commit).strip() for commit in commits]
        if how == "rebase":
            commit = main
            for each, message in zip(commits, messages, strict=True):
                commit = self._commit(self._merged(main, each), message, commit)
        elif how == "merge":
            subject = f"Merge pull request #{number} from acme/{pull.head}"
            commit = self._commit(self._merged(main, branch), f"{subject}\n\n{pull.title}", main, branch)
        else:
            one, several = messages[0].partition("\n")[2], "\n\n".join(f"* {each}" for each in messages)
            body = {"squash": several if messages[1:] else one, "reworded": "Thanks!"}[how]
            commit = self._commit(self._merged(main, branch), f"{pull.title} (#{number})\n\n{body}", main)
        self.git("update-ref", "refs/heads/main", commit)
        pull.state, pull.merged = "closed", commit
        return commit

    def _merged(self, main: str, branch: str) -> str:
        return self.git("merge-tree", "--write-tree", main, branch)

    def _commit(self, tree: str, message: str, *parents: str) -> str:
        named = (part for parent in parents for part in ("-p", parent))
        return self.git("commit-tree", tree, *named, "-m", message)

    def git(self, *argv: str) -> str:
        environ = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in WHO},
        }  # fmt: skip
        done = subprocess.run(
            ["git", f"--git-dir={self.bare}", *argv], env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def branches(self) -> dict[str, str]:
        listed = self.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/")
        return dict(line.split() for line in listed.splitlines())

    def _id(self) -> int:
        self.ids += 1
        return self.ids

    def _when(self) -> str:
        return f"2026-02-01T10:00:{self.ids:02d}Z"

    # ------------------------------------------------------------ the API

    def answer(self, verb: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        parts = path.split("/")[4:]
        if parts == ["pulls"] and verb == "POST":
            return self._open(body)
        if parts == ["pulls"]:
            branch = query.get("head", [":"])[0].partition(":")[2]
            found = [pull for pull in self.pulls if not branch or pull.head == branch]
            return 200, [self._pull(pull, "pull-request-simple") for pull in found]
        number = int(parts[1])
        if number > len(self.pulls):
            return 404, {"message": "Not Found", "documentation_url": "x", "status": "404"}
        return self._about(verb, parts[0], parts[2:], self.pulls[number - 1], body)

    def _about(self, verb: str, kind: str, rest: list[str], pull: Pull, body: Any) -> tuple[int, Any]:
        match (verb, kind, *rest):
            case ("GET", "pulls"):
                return 200, self._pull(pull)
            case ("PATCH", "pulls"):
                pull.title, pull.body = body["title"], body["body"]
                return 200, self._pull(pull)
            case (_, "issues"):
                pull.labels = (body or {}).get("labels", pull.labels)
                return 200, named(
                    "issue", number=pull.number, url=self._url(pull, "issues"), state=pull.state,
                    closed_by=user(pull.closer), user=user("memento-bot"),
                )  # fmt: skip
            case ("GET", "issues", "comments"):
                return 200, pull.comments
            case ("GET", "pulls", "comments"):
                return 200, pull.remarks
            case ("GET", "pulls", "reviews"):
                return 200, pull.reviews
            case ("POST", "pulls", "requested_reviewers"):
                pull.people, pull.teams = body["reviewers"], body["team_reviewers"]
                return 201, self._pull(pull, "pull-request-simple")
        raise AssertionError(f"the model has no {verb} {kind} {rest}")

    def _open(self, body: Any) -> tuple[int, Any]:
        head = body["head"].partition(":")[2]
        refused = {"message": "Validation Failed", "documentation_url": "x"}
        if head not in self.branches():
            return 422, {
                **refused,
                "errors": [{"resource": "PullRequest", "field": "head", "code": "invalid"}],
            }
        if any(pull.head == head and pull.state == "open" for pull in self.pulls):
            said = f"A pull request already exists for {body['head']}."
            return 422, {**refused, "errors": [{"code": "custom", "message": said}]}
        if body["draft"] and not self.drafts:
            said = "Draft pull requests are not supported in this repository."
            return 422, {**refused, "errors": [{"code": "custom", "message": said}]}
        self.pulls.append(
            Pull(number=len(self.pulls) + 1, title=body["title"], body=body["body"], head=head,
                 base=body["base"], draft=body["draft"])
        )  # fmt: skip
        return 201, self._pull(self.pulls[-1])

    def _pull(self, pull: Pull, schema: str = "pull-request") -> dict[str, Any]:
        branches = self.branches()
        merged = {"merged": pull.merged is not None, "merged_by": user(pull.closer) if pull.merged else None}
        whole = named(schema)
        sides = {
            side: {**whole[side], "ref": ref, "label": f"acme:{ref}", "sha": branches.get(ref, "0" * 40)}
            for side, ref in (("head", pull.head), ("base", pull.base))
        }
        return {
            **whole,
            **sides,
            **(merged if schema == "pull-request" else {}),
            "number": pull.number,
            "url": self._url(pull, "pulls"),
            "issue_url": self._url(pull, "issues"),
            "html_url": f"{self.root}/acme/library/pull/{pull.number}",
            "title": pull.title,
            "body": pull.body,
            "state": pull.state,
            "draft": pull.draft,
            "user": user("memento-bot"),
            "merged_at": "2026-02-02T00:00:00Z" if pull.merged else None,
            "merge_commit_sha": pull.merged,
            "labels": [_label(name) for name in pull.labels],
        }

    def _url(self, pull: Pull, kind: str) -> str:
        return f"{self.root}{PREFIX}/repos/acme/library/{kind}/{pull.number}"


def user(login: str, kind: str = "User") -> dict[str, Any]:
    return named("simple-user", login=login, type=kind)


def _label(name: str) -> dict[str, Any]:
    return {
        "id": 1, "node_id": "x", "url": "https://example.org/", "name": name, "description": "",
        "color": "ffffff", "default": False,
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    hub: LoopbackGitHub
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args

    def do_GET(self) -> None:
        self._do("GET")

    def do_POST(self) -> None:
        self._do("POST")

    def do_PATCH(self) -> None:
        self._do("PATCH")

    def _do(self, verb: str) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            if self.path.startswith(PREFIX):
                self._api(verb, raw)
            else:
                self._git(verb, raw)
        except Exception as error:
            self.hub.problems.append(f"{verb} {self.path}: {error!r}")
            raise

    def _api(self, verb: str, raw: bytes) -> None:
        hub, target = self.hub, self.path.removeprefix(PREFIX)
        path = urlsplit(target).path
        body = json.loads(raw) if raw else None
        hub.asked.append(f"{verb} {path}")
        if problem := wrong_request(verb, target, body):
            hub.problems.append(problem)
        fault = self._fault(f"{verb} {path}")
        if fault is not None and not fault.lost:
            return self._send(verb, path, fault.status, _error(fault), fault.headers)
        if self.headers.get("authorization") != f"token {TOKEN}":
            refused = {"message": "Bad credentials", "documentation_url": "x", "status": "401"}
            return self._send(verb, path, 401, refused)
        query = parse_qs(urlsplit(target).query)
        status, answer = hub.answer(verb, path, query, body)
        if fault is not None:
            return self._send(verb, path, fault.status, _error(fault), fault.headers)
        headers = {}
        if isinstance(answer, list) and verb == "GET":
            answer, headers = self._paged(answer, path, query)
        return self._send(verb, path, status, answer, headers)

    def _fault(self, what: str) -> Fault | None:
        for fault in self.hub.faults:
            if fault.what in what:
                fault.times -= 1
                if not fault.times:
                    self.hub.faults.remove(fault)
                return fault
        return None

    def _paged(
        self, found: list[Any], path: str, query: dict[str, list[str]]
    ) -> tuple[list[Any], dict[str, str]]:
        size = min(self.hub.page, int(query.get("per_page", ["30"])[0]))
        page = int(query.get("page", ["1"])[0])
        if page * size >= len(found):
            return found[(page - 1) * size :], {}
        rest = "&".join(f"{key}={value[0]}" for key, value in query.items() if key != "page")
        link = f'<{self.hub.root}{PREFIX}{path}?{rest}&page={page + 1}>; rel="next"'
        return found[(page - 1) * size : page * size], {"Link": link}

    def _send(
        self, verb: str, path: str, status: int, body: Any, headers: dict[str, str] | None = None
    ) -> None:
        if status < 500 and (problem := wrong_answer(verb, path, status, body)):
            self.hub.problems.append(f"answer {status} to {verb} {path}: {problem}")
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    # ------------------------------------------------------------ git

    def _git(self, verb: str, raw: bytes) -> None:
        parts = urlsplit(self.path)
        self.hub.asked.append(f"git {verb} {parts.path}")
        fault = self._fault(f"git {verb} {self.path}")
        word = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        refused = (
            fault.status if fault else 0 if self.headers.get("authorization") == f"Basic {word}" else 401
        )
        if refused:
            self.send_response(refused)
            for name, value in (fault.headers if fault else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        environ = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.hub.bare.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent", "REMOTE_USER": "memento",
            "REQUEST_METHOD": verb,
            "PATH_INFO": parts.path.replace("/acme/library.git", f"/{self.hub.bare.name}"),
            "QUERY_STRING": parts.query, "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(raw)),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
        }  # fmt: skip
        done = subprocess.run(
            ["git", "http-backend"], input=raw, env=environ, capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _error(fault: Fault) -> dict[str, Any]:
    body: dict[str, Any] = {"message": fault.message, "documentation_url": "x"}
    return {**body, "errors": fault.errors} if fault.errors is not None else body
