#!/usr/bin/env python3
"""Turn rpm's SQLite database into its other forms, which Debian's rpm cannot write.

    rpm_databases.py ndb FILE     the ndb form, to standard output
    rpm_databases.py dump FILE    for db5.3_load, which makes a Berkeley DB hash of it
    rpm_databases.py log FILE     deletes glibc-common from FILE, in its log alone
"""
import os
import shutil
import sqlite3
import struct
import sys
import zlib


def headers(database):
    return [(number, bytes(blob)) for number, blob in database.execute("SELECT hnum, blob FROM Packages")]


def write_ndb(database, _):
    slots, blobs = b"", b""
    for number, header in headers(database):
        blob = b"BlbS" + struct.pack("<III", number, 1, len(header)) + header
        blob += bytes(-(len(blob) + 12) % 16)
        blob += struct.pack("<II", zlib.adler32(blob), len(header)) + b"BlbE"
        slots += b"Slot" + struct.pack("<III", number, (4096 + len(blobs)) // 16, len(blob) // 16)
        blobs += blob
    page = b"RpmP" + struct.pack("<IIII", 0, 1, 1, 1000) + bytes(12) + slots
    page += (b"Slot" + bytes(12)) * ((4096 - len(page)) // 16)
    sys.stdout.buffer.write(page + blobs)


def write_dump(database, _):
    print("VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END")
    print(" 00000000\n 02000000")
    for number, header in headers(database):
        print(" " + struct.pack("<I", number).hex())
        print(" " + header.hex())
    print("DATA=END")


def leave_log(database, path):
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    smallest = min(headers(database), key=lambda row: len(row[1]))[0]
    database.execute("DELETE FROM Packages WHERE hnum = ?", (smallest,))
    database.commit()
    # As the files are now, before the database is closed and the log is written back.
    for ending in ("", "-wal"):
        shutil.copy(path + ending, path + ending + ".kept")
    database.close()
    for ending in ("", "-wal"):
        os.replace(path + ending + ".kept", path + ending)


def main():
    command, path = sys.argv[1:]
    database = sqlite3.connect(path)
    {"ndb": write_ndb, "dump": write_dump, "log": leave_log}[command](database, path)
    database.close()


main()
