#include "test/support/pch.h"
