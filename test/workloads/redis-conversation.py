# SPDX-License-Identifier: Apache-2.0
# redis-conversation.py PORT
#
# Says to a real Redis what redis-benchmark never does: RESP3 and its pushes, a transaction, publish and subscribe, a
# command that waits, errors, inline commands.
import socket
import sys


class Connection:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])))

    def write(self, *commands):
        text = "".join(
            f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
            for words in (command.split(" ") for command in commands)
        )
        self.socket.sendall(text.encode())

    def read(self, end):
        """Reads until what came ends with `end`."""
        heard = b""
        while not heard.endswith(end.encode()):
            piece = self.socket.recv(4096)
            assert piece, f"{heard} and no {end}"
            heard += piece
        return heard

    def say(self, command, end):
        self.write(command)
        return self.read(end)


other = Connection()

newer = Connection()
newer.say("HELLO 3", "$7\r\nmodules\r\n*0\r\n")
newer.say("CLIENT TRACKING ON", "+OK\r\n")
newer.say("GET tracked", "_\r\n")
other.say("SET tracked 1", "+OK\r\n")
newer.read(">2\r\n$10\r\ninvalidate\r\n*1\r\n$7\r\ntracked\r\n")
newer.say("PING", "+PONG\r\n")
newer.write("MULTI", "INCR a", "INCR b", "EXEC")
newer.read("*2\r\n:1\r\n:1\r\n")

other.say("LPUSH tracked x", "wrong kind of value\r\n")
other.say("NOSUCH thing", "\r\n")
other.say("EVALSHA 0123456789012345678901234567890123456789 0", "\r\n")

listener = Connection()
listener.say("SUBSCRIBE one two", "$3\r\ntwo\r\n:2\r\n")
for _ in range(3):
    other.say("PUBLISH one message", ":1\r\n")
    listener.read("$7\r\nmessage\r\n")
listener.say("UNSUBSCRIBE", ":0\r\n")
listener.say("PING", "+PONG\r\n")
listener.say("BLPOP nothing 0.1", "*-1\r\n")

waiting = Connection()
waiting.write("BLPOP queue 10")
other.say("RPUSH queue job", ":1\r\n")
waiting.read("$3\r\njob\r\n")

inline = Connection()
inline.socket.sendall(b"PING\r\nSET key value\r\n")
inline.read("+PONG\r\n+OK\r\n")
