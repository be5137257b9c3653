// Nothing: what the tests include most is compiled once, with this file (tests/CMakeLists.txt).
// SPDX-License-Identifier: MIT
