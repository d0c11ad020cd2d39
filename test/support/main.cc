#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <csignal>

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // as the program does
  return Catch::Session().run(argc, argv);
}
