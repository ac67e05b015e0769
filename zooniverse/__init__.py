# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""What the steps of a page's way stand on: pure functions that know nothing of MkDocs."""
