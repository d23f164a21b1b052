"""Write text so that nothing in it means anything to Slack."""


def plain(text: str, most: int) -> dict[str, object]:
    """Return `text` as an object of plain text, in so many letters at most."""
    return {"type": "plain_text", "text": escaped(text, most), "emoji": False}


def escaped(text: str, most: int) -> str:
    """Return `text` without the three letters that mean something to Slack, cut between letters."""
    written, length = [], 0
    for letter in text:
        letter = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(letter, letter)
        length += len(letter)
        if length > most:
            break
        written.append(letter)
    return "".join(written)
