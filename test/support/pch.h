#pragma once

#include "api/base/pch.h"
// Last: Catch2 defines short macros.
#include <catch2/catch.hpp>
