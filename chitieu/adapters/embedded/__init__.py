"""What `chitieu up` needs to run the whole stack on one machine with only Python installed.

It owns the data directory (`directory`), finds or brings a Java (`java`), fetches Apache Kafka's jars once,
pinned and verified (`kafka_jars`), and runs the real broker as a child process (`broker`). Everything that can
be wrong on somebody's machine is a `StackError` (`errors`) whose first line says what to do about it.
"""
