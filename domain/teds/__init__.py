"""Records for the Treatment Episode Data Set (TEDS): one of each admission, one of each discharge, and what changed in
them since they were sent. Codes are those of SAMHSA's codebooks (TEDS-A 2000-2019, TEDS-D 2019)."""
