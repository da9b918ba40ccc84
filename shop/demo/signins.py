"""Who may sign in to the demo county."""

PASSWORD = "village-demo"  # noqa: S105

SIGN_INS = (
    ("13800000001", "buyer 买家"),
    ("13800000002", "host 主播"),
    ("13800000003", "manager, drafts the board 合作社负责人，兼村务公开"),
    ("13800000004", "operator 平台运营"),
    ("13800000005", "second buyer 另一位买家"),
    ("13800000006", "manager of two others, countersigns it 另两家合作社负责人，兼村务监督"),
)
