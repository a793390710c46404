// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/json.h"

SLUICE_JSON_TEMPLATES(template)
