"""Files from others, judged like live facts; files and reports for others. No rule of care stands here."""
