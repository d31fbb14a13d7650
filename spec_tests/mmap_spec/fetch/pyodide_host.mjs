// Runs a Python program in Pyodide, under Node.js, as an interpreter's command would:
//
//     node pyodide_host.mjs PACKAGE SCRIPT [ARGUMENT...]     PACKAGE: the unpacked npm package
//     node pyodide_host.mjs PACKAGE --snapshot               makes the file that the next starts use
//
// Standard input and output are read and written as the program asks, so that a program that
// waits for a line gets it; the folders of this machine are where they are.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, script, ...rest] = process.argv.slice(2);
const SNAPSHOT = path.join(folder, "memory.snapshot"); // Python after its start: 5 times as fast
const PRELOADED = "import base64, ctypes, gc, importlib, json, platform, shutil, tempfile, traceback";
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Do what a descriptor that another program has made non-blocking cannot do yet. */
function patiently(operation) {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      if (error.code === "EOF") return 0;
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

/** Standard input, opened anew: Node.js has made it non-blocking, and a pause is a long wait. */
function ownInput() {
  try {
    return fs.openSync("/dev/stdin", "r");
  } catch {
    return 0; // a socket, or a system without that name
  }
}

const output = (descriptor) => ({
  isatty: false,
  write: (bytes) => patiently(() => fs.writeSync(descriptor, bytes)),
});

/** Show the folders of this machine; Pyodide has some of the same names for its own. */
function mountFolders(pyodide) {
  const mount = (place) => {
    pyodide.FS.mkdirTree(place);
    pyodide.mountNodeFS(place, place);
  };
  mount("/tmp");
  const taken = new Set([...pyodide.FS.readdir("/"), "sys"]);
  for (const top of ["/", "/home/"])
    for (const entry of fs.readdirSync(top, { withFileTypes: true }))
      if (entry.isDirectory() && !taken.has(entry.name) && readable(top + entry.name))
        mount(top + entry.name);
}

function readable(place) {
  try {
    fs.accessSync(place, fs.constants.R_OK | fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The exit status of SCRIPT: what the program said, 1 for an exception that nobody caught. */
function run(pyodide) {
  pyodide.globals.set("_arguments", pyodide.toPy([script, ...rest]));
  try {
    return pyodide.runPython(`
import os as _os, runpy as _runpy, sys as _sys, traceback as _traceback
_os.chdir(${JSON.stringify(process.cwd())})
_sys.argv[:] = _arguments
_sys.path.insert(0, _os.path.dirname(_os.path.abspath(_sys.argv[0])))
def _run():
    try:
        _runpy.run_path(_sys.argv[0], run_name="__main__")
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=_sys.stderr)
        return 1
    except BaseException:
        _traceback.print_exc()
        return 1
    return 0
_status = _run()
_sys.stdout.flush()
_status`);
  } catch (error) {
    if (typeof error.status === "number") return error.status; // os._exit()
    fs.writeSync(2, `${error.stack ?? error}\n`);
    process.kill(process.pid, "SIGABRT"); // WebAssembly gave up: what a crash is elsewhere
    return 1;
  }
}

const { loadPyodide } = await import(pathToFileURL(path.join(folder, "pyodide.mjs")).href);
if (script === "--snapshot") {
  const pyodide = await loadPyodide({ _makeSnapshot: true });
  pyodide.runPython(PRELOADED);
  fs.writeFileSync(SNAPSHOT, pyodide.makeMemorySnapshot());
  process.exit(0);
}
const pyodide = await loadPyodide(
  fs.existsSync(SNAPSHOT) ? { _loadSnapshot: fs.readFileSync(SNAPSHOT) } : {},
);
const input = ownInput();
pyodide.setStdin({ isatty: false, read: (bytes) => patiently(() => fs.readSync(input, bytes)) });
pyodide.setStdout(output(1));
pyodide.setStderr(output(2));
mountFolders(pyodide);
process.exit(run(pyodide));
