// NVRTC by the C++ compiler of the system: libnvrtc for tests without a GPU. What it calls machine code is a shared
// library.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

struct Program {
    std::string text, log, code;
};

static std::string read(const std::string &path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

extern "C" {

// Named after what is put before every source, so that nobody takes old code for new.
int nvrtcVersion(int *major, int *minor) { return *major = 0, *minor = HEADER_VERSION, 0; }

int nvrtcCreateProgram(Program **program, const char *text, const char *, int, const char *const *, const char *const *) {
    return *program = new Program{text, "", ""}, 0;
}

int nvrtcDestroyProgram(Program **program) { return delete *program, 0; }

int nvrtcCompileProgram(Program *program, int count, const char *const *options) {
    char folder[] = "/tmp/emulated-XXXXXX";
    if (!mkdtemp(folder)) return 1;
    std::string path(folder), defines;
    for (int index = 0; index < count; index++) {
        std::string option(options[index]), define = "--define-macro=";
        if (option.compare(0, define.size(), define) == 0) defines += " -D" + option.substr(define.size());
    }
    std::ofstream(path + "/kernels.cpp") << program->text;
    std::string command = COMPILER " -std=c++17 -O1 -w -fPIC -shared -ffp-contract=off -DHOST -include " HEADER;
#ifndef __clang__
    command += " -fno-gnu-unique";
#endif
    command += defines + " " + path + "/kernels.cpp -o " + path + "/kernels.so 2> " + path + "/log";
    bool failed = system(command.c_str()) != 0;
    program->log = read(path + "/log");
    program->code = failed ? "" : read(path + "/kernels.so");
    for (const char *name : {"/kernels.cpp", "/kernels.so", "/log"}) unlink((path + name).c_str());
    rmdir(folder);
    return failed ? 6 : 0;
}

int nvrtcGetProgramLogSize(Program *program, size_t *size) { return *size = program->log.size() + 1, 0; }
int nvrtcGetProgramLog(Program *program, char *log) { return strcpy(log, program->log.c_str()), 0; }
int nvrtcGetCUBINSize(Program *program, size_t *size) { return *size = program->code.size(), 0; }
int nvrtcGetCUBIN(Program *program, char *code) { return memcpy(code, program->code.data(), program->code.size()), 0; }
const char *nvrtcGetErrorString(int) { return "emulated"; }
}
