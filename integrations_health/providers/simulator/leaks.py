"""Secrets that must never be seen again, in every shape in which answers spill them."""

import base64
import json

ACCESS_TOKEN = "ya29.a0CANARYgoogleAccessToken0123456789abcdefABCDEF"
SLACK_TOKEN = "xoxb-1111111111-2222222222-CANARYslackBotToken00"
JWT = (
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDQU5BUlkiLCJleHAiOjE4MDAwMDAwMDB9."
    "CANARYjwtSignature0123456789abcdefghijklmno"
)
REFRESH_TOKEN = "1//0gCANARYrefreshToken0123456789abcdefghij"
SLACK_HOOK = "https://hooks.slack.com/services/T00000000/B00000000/CANARYslackHook00000000"
CLIENT_SECRET = "GOCSPX-CANARYclientSecret0123456789"
INSTANCE = "ca7a12e5-0000-4000-8000-00000000dead"
SERVER_URL = f"https://gmail-mcp-server.klavis.ai/mcp/?instance_id={INSTANCE}"
_BASIC = base64.b64encode(b"client:CANARYbasicPassword0123456789").decode()

# None of these may turn up in a row, a log line, a metric, a message or an answer of ours.
CANARIES = (
    ACCESS_TOKEN,
    SLACK_TOKEN,
    JWT,
    REFRESH_TOKEN,
    SLACK_HOOK,
    CLIENT_SECRET,
    INSTANCE,
    _BASIC,
    base64.b64encode(ACCESS_TOKEN.encode()).decode(),
)

TEXT = "\n".join(
    (
        "401 Client Error: Unauthorized for url: "
        f"https://gmail.googleapis.com/gmail/v1/users/me/profile?access_token={ACCESS_TOKEN}&alt=json",
        f"Authorization: Bearer {ACCESS_TOKEN}",
        f"Authorization: Basic {_BASIC}",
        json.dumps({"refresh_token": REFRESH_TOKEN, "client_secret": CLIENT_SECRET}),
        f"id_token={JWT}; slack={SLACK_TOKEN} hook {SLACK_HOOK}",
        base64.b64encode(ACCESS_TOKEN.encode()).decode(),
        f"the token was {SLACK_TOKEN[:20]}\n{SLACK_TOKEN[20:]}, split over two lines",
        f"while calling {SERVER_URL}",
    )
)
