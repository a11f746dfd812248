"""The benchmark over real files counts what it promises to count."""

from benchmarks.formats import Formats, measure, table

ODD = b"\xef\xbb\xbf---\r\nname: odd\r\ndescription: Use when: asked\r\n---\r\nDo.\r\n"


def test_shares_and_counts_are_of_all_files_found(tmp_path):
    for name, data in {
        "odd": ODD,
        "plain": b"---\ndescription: d\n---\nx",
        "none": b"# No frontmatter\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "SKILL.md").write_bytes(data)
    found = measure(tmp_path)
    assert found == Formats(
        files=3,
        exceptions=0,
        usable=2 / 3,
        usable_files=2,
        roundtrip_identical=1.0,
        roundtrip_identical_files=3,
    )
    assert table(found).splitlines() == [
        "files       3",
        "read        100.00% without an exception (0 exceptions)",
        "usable      66.67% (2)",
        "round trip  100.00% identical (3)",
    ]


def test_an_empty_folder_promises_nothing(tmp_path):
    assert measure(tmp_path).usable == 0.0
