"""Calls the verifier many times in one process, for the tests. Prints what was accepted."""

import functools
import os
import sys


def read(folder):
    files = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            files[name] = file.read()
    return files


def accepts(verify, files, policy):
    try:
        verify.verify(files, policy, [])
        return True
    except verify.Refused:
        return False


def refuse_all(verify, policy, folder):
    for name in sorted(os.listdir(folder), key=int):
        if accepts(verify, read(os.path.join(folder, name)), policy):
            print(name)


def flip_all(verify, policy, folder):
    files = read(os.path.join(folder, "bundle"))
    assert accepts(verify, files, policy)
    for file in sorted(set(files) - {"verify.py", "README.txt"}):
        whole = files[file]
        for bit in range(len(whole) * 8):
            changed = bytearray(whole)
            changed[bit // 8] ^= 1 << bit % 8
            files[file] = bytes(changed)
            if accepts(verify, files, policy):
                print(file, bit)
        files[file] = whole


def judge_changes(verify, policy, folder):
    bundles = {}
    for id in sorted(os.listdir(folder), key=lambda name: name.split("-")[:2]):
        path = os.path.join(folder, id)
        if os.path.isdir(path):
            bundles[id] = read(path)
            continue
        bundle, _, name = id.split("-", 2)
        with open(path, "rb") as file:
            if accepts(verify, {**bundles[bundle], name: file.read()}, policy):
                print(id)


def policies(verify, _, folder):
    for name, text in sorted(read(folder).items()):
        try:
            verify.Policy(text)
            print(name)
        except verify.Refused:
            pass


if __name__ == "__main__":
    _, function, code, folder = sys.argv
    sys.path.insert(0, code)
    import verify

    # Most changes leave most signatures as they are.
    verify.ed25519_verifies = functools.lru_cache(maxsize=64)(verify.ed25519_verifies)
    with open(os.path.join(code, "policy"), "rb") as file:
        policy = verify.Policy(file.read())
    {"refuse_all": refuse_all, "flip_all": flip_all, "judge_changes": judge_changes, "policies": policies}[function](verify, policy, folder)
