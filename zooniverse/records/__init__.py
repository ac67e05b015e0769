# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""A model's record, ``model.yml``, and what the site makes from all of them; knows no MkDocs."""
