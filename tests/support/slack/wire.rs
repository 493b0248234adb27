//! The listening socket and its lines: TCP connections that a handler can cut without an answer, and that all
//! end when the fake is dropped.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A handler's hold on the connection it answers on.
#[derive(Clone, Debug, Default)]
pub(super) struct Conn(Arc<AtomicU8>);

/// What becomes of a connection: it is closed, or reset.
const CLOSED: u8 = 1;
const RESET: u8 = 2;

impl Conn {
    /// Cuts the connection: whatever the handler returns afterwards never reaches the client, which sees the
    /// connection close in the middle of its call.
    pub(super) fn cut(&self) {
        self.0.store(CLOSED, Ordering::SeqCst);
    }

    /// The same with a TCP reset in place of a close.
    pub(super) fn reset(&self) {
        self.0.store(RESET, Ordering::SeqCst);
    }

    fn end(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Connected<IncomingStream<'_, Doors>> for Conn {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        stream.remote_addr().clone()
    }
}

/// The listener behind `axum::serve`.
pub(super) struct Doors {
    /// Where clients knock.
    pub(super) listener: TcpListener,
    /// Cancelled when the fake is dropped.
    pub(super) stop: CancellationToken,
}

impl Listener for Doors {
    type Io = Line;
    type Addr = Conn;

    async fn accept(&mut self) -> (Line, Conn) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let conn = Conn::default();
                    let stopped = Box::pin(self.stop.clone().cancelled_owned());
                    return (
                        Line {
                            stream,
                            conn: conn.clone(),
                            stopped,
                        },
                        conn,
                    );
                }
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Conn> {
        Ok(Conn::default())
    }
}

/// One connection.
pub(super) struct Line {
    /// The bytes.
    stream: TcpStream,
    /// Set by a handler that wants no answer to leave.
    conn: Conn,
    /// Ends when the fake is dropped, which wakes an idle connection.
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Line {
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.conn.end() == RESET {
            // Best effort: without it the client sees the connection close instead.
            drop(self.stream.set_zero_linger());
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if self.conn.end() == CLOSED || self.stopped.as_mut().poll(cx).is_ready() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.check(cx) {
            Ok(()) => Pin::new(&mut self.stream).poll_read(cx, buf),
            Err(gone) => Poll::Ready(Err(gone)),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.check(cx) {
            Ok(()) => Pin::new(&mut self.stream).poll_write(cx, buf),
            Err(gone) => Poll::Ready(Err(gone)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.check(cx) {
            Ok(()) => Pin::new(&mut self.stream).poll_flush(cx),
            Err(gone) => Poll::Ready(Err(gone)),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
