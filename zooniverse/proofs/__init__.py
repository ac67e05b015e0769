# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How an implementation is proven, and how the outcome is shown.

``form`` says what a model's ``proof.py`` looks like; ``record`` and ``blocks`` read and show
``proof.json`` and need no PyTorch; every other module does the proving and needs it.
"""
