#include "api/base/pch.h"
