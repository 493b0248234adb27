//! The loopback server under the HTTP fakes: a port whose connections can be cut by hand and which closes
//! them all, together with every background task, when its [`Life`] ends. A cut is a TCP reset, which a
//! client cannot take for an answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

/// How long a fake's tasks and connections live.
#[derive(Clone)]
pub struct Life(CancellationToken);

impl Life {
    /// A life that ends when the last clone of the guard is dropped.
    pub fn new() -> (Self, Arc<DropGuard>) {
        let token = CancellationToken::new();
        (Self(token.clone()), Arc::new(token.drop_guard()))
    }

    /// Runs `work` in the background until it ends or this life does.
    #[expect(
        clippy::disallowed_methods,
        reason = "the fakes stand outside the application and its supervisor"
    )]
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let token = self.0.clone();
        drop(tokio::spawn(async move { token.run_until_cancelled(work).await }));
    }
}

/// One connection, as a handler sees it through `ConnectInfo`.
#[derive(Debug, Clone)]
pub struct Line(CancellationToken);

impl Line {
    /// Resets the connection; whatever the handler returns afterwards never leaves.
    pub fn cut(&self) {
        self.0.cancel();
    }
}

impl Connected<IncomingStream<'_, Port>> for Line {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A port on 127.0.0.1 that the system chose.
pub struct Port {
    socket: TcpListener,
    life: Life,
}

impl Port {
    /// Opens a port.
    pub async fn open(life: &Life) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self {
            socket,
            life: life.clone(),
        }
    }

    /// The address of the server, without a closing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.socket.local_addr().unwrap())
    }

    /// Serves `app` in the background; its handlers may take `ConnectInfo<Line>`.
    pub fn serve(self, app: Router) {
        let life = self.life.clone();
        life.spawn(async move {
            drop(axum::serve(self, app.into_make_service_with_connect_info::<Line>()).await);
        });
    }
}

impl Listener for Port {
    type Io = Wire;
    type Addr = Line;

    async fn accept(&mut self) -> (Wire, Line) {
        let (socket, _) = Listener::accept(&mut self.socket).await;
        let token = self.life.0.child_token();
        let ended = Box::pin(token.clone().cancelled_owned());
        (
            Wire {
                socket,
                ended,
                token: token.clone(),
            },
            Line(token),
        )
    }

    fn local_addr(&self) -> io::Result<Line> {
        Ok(Line(self.life.0.clone()))
    }
}

/// A socket that fails once its line is cut.
pub struct Wire {
    socket: TcpStream,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    token: CancellationToken,
}

impl Wire {
    fn reset(&self) -> io::Error {
        // Best effort: without it the client sees the end of the stream instead of a reset.
        drop(self.socket.set_zero_linger());
        io::ErrorKind::ConnectionReset.into()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(self.reset()));
        }
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.token.is_cancelled() {
            return Poll::Ready(Err(self.reset()));
        }
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
