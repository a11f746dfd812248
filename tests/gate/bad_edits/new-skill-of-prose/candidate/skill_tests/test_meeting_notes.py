QUERIES = ("Write the minutes of this meeting", "Turn the meeting into notes with tasks")
NEAR_MISSES = ("Add up the amounts of this ledger",)


def test_a_task_has_an_owner(skill):
    assert "each task with its owner" in skill.body
