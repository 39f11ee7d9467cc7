"""What the embedded server is started with: Neo4j settings and JVM options."""

from __future__ import annotations

from pathlib import Path

import psutil

from holley_graph.graph import browser
from holley_graph.server.layout import Layout
from holley_graph.settings import Server

MAIN_CLASS = "org.neo4j.server.CommunityEntryPoint"
_MIB = 1024 * 1024

# Neo4j's own recommendations, plus what keeps the JDK from writing warnings on the console.
JVM_FLAGS = (
    "-XX:+UseG1GC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+DisableExplicitGC",
    "-XX:-UsePerfData",  # else pid, class path and arguments lie readable in the system's temporary folder
    "-Dfile.encoding=UTF-8",
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.leakDetection.level=DISABLED",
    "-Dlog4j2.disable.jmx=true",
    "-Dlog4j.layout.jsonTemplate.maxStringLength=32768",
    "--enable-native-access=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
)


def heap_mb(server: Server) -> int:
    """Return the largest Java heap in MiB."""
    return server.heap_mb or _share(4, 512, 8192)


def page_cache_mb(server: Server) -> int:
    """Return the page cache in MiB."""
    return server.page_cache_mb or _share(8, 256, 8192)


def import_heap_mb() -> int:
    """Return the heap of an offline import in MiB: the server is down, so a quarter of the machine is free."""
    return _share(4, 1024, 8192)


def neo4j_settings(server: Server) -> dict[str, str]:
    """Return what differs from Neo4j's defaults, key to value."""
    bolt, http = f"127.0.0.1:{server.bolt_port}", f"127.0.0.1:{server.http_port}"
    return {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.listen_address": bolt,
        "server.bolt.advertised_address": bolt,
        "server.http.listen_address": http,
        "server.http.advertised_address": http,
        "server.https.enabled": "false",
        "server.memory.pagecache.size": f"{page_cache_mb(server)}m",
        "dbms.security.procedures.unrestricted": "gds.*",
        "dbms.security.http_static_content_security_policy_header": content_policy(
            server.bolt_port, server.http_port
        ),
        "db.lock.acquisition.timeout": "300s",  # by default a statement waits for a lock for ever
        # a server at work on a statement says so every two seconds; eight without a word, and the driver gives up
        "server.bolt.connection_keep_alive": "2s",
        "server.bolt.connection_keep_alive_streaming_scheduling_interval": "2s",
        "server.bolt.connection_keep_alive_probes": "4",
        "browser.post_connect_cmd": browser.after_connect(),
        "dbms.usage_report.enabled": "false",
        "client.allow_telemetry": "false",
        # Two quiet periods of five seconds are the whole duration of an ordinary stop.
        "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
    }


def content_policy(bolt_port: int, http_port: int) -> str:
    """Return the header that keeps Neo4j Browser from calling anybody but this server.

    The pages try a font, an error-report and two analytics hosts; no setting of this version turns that off.
    """
    hosts = ("127.0.0.1", "localhost")
    here = [f"ws://{host}:{bolt_port}" for host in hosts] + [f"http://{host}:{http_port}" for host in hosts]
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            f"connect-src 'self' {' '.join(here)}",
        )
    )


def command(layout: Layout, server: Server, class_path: list[Path], extra: tuple[str, ...] = ()) -> list[str]:
    """Return everything that follows `java`: options, class path, main class and Neo4j's settings."""
    heap = heap_mb(server)
    scratch = f"-Djava.io.tmpdir={layout.temporary}", f"-XX:ErrorFile={layout.console.parent}/hs_err_%p.log"
    jvm = [f"-Xms{min(heap, 256)}m", f"-Xmx{heap}m", *scratch, *JVM_FLAGS, *extra, *server.jvm_options]
    settings = [part for key, value in neo4j_settings(server).items() for part in ("-c", f"{key}={value}")]
    program = [MAIN_CLASS, f"--home-dir={layout.root}", f"--config-dir={layout.root / 'conf'}", "--console-mode"]
    return [*jvm, "-cp", ":".join(map(str, class_path)), *program, *settings]


def _memory_mb() -> int:
    return int(psutil.virtual_memory().total) // _MIB


def _share(parts: int, least: int, most: int) -> int:
    return min(max(_memory_mb() // parts, least), most)
