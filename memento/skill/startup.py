"""Files that a shell, git, a scheduler or an agent obeys without being asked."""

STARTUP = (
    r"(?:\.bashrc|\.zshrc|\.profile|\.bash_profile|\.zprofile|authorized_keys|\.git/hooks|\.git/config|"
    r"\.gitconfig|\.claude/|\.codex/|\.cursor/|CLAUDE\.md|AGENTS\.md|GEMINI\.md|\.cursorrules|"
    r"\.mcp\.json|\.vscode/|/etc/cron|systemd/)"
)
"""As a regular expression."""
