# SPDX-License-Identifier: BSD-3-Clause
"""What test/run_tests is made of: one module for each kind of test, and what they share."""
