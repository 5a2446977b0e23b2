//! The terminal: entered and always restored, whatever ends the program: return, error, panic, signal, suspend.

use crate::config::Signal;
use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::{Print, ResetColor};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;

/// What OSC 52 carries on common terminals, in bytes before encoding.
const COPY_LIMIT: usize = 74_000;

static ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is taken with it.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Presses and the wheel, in the coordinates of today's terminals; not every motion, which floods a slow line.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The terminal while the program has it. Dropping it gives it back.
pub(super) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Terminal {
    /// Takes the terminal, and the mouse if asked to.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        MOUSE.store(mouse, Ordering::SeqCst);
        restore_on_panic();
        take()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, io::stdout()));
        match ratatui::Terminal::new(backend) {
            Ok(inner) => Ok(Self { inner }),
            Err(e) => {
                give_back();
                Err(e)
            }
        }
    }

    /// Draws one frame as one update, so that it never shows half.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(render)?;
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)
    }

    /// Forgets what is on screen, so that the next frame draws everything.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`, which asks the terminal where the cursor is and waits for the answer.
        let size = self.inner.size()?;
        self.inner.resize(ratatui::layout::Rect::from((ratatui::layout::Position::ORIGIN, size)))
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        self.inner.size().map(|s| (s.width, s.height))
    }

    /// Puts text on the clipboard through the terminal, which works over SSH too. False when it is too long.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<bool> {
        if text.len() > COPY_LIMIT {
            return Ok(false);
        }
        execute!(self.inner.backend_mut(), CopyToClipboard::to_clipboard_from(text))?;
        Ok(true)
    }

    /// Calls whoever is near.
    pub(super) fn attention(&mut self, signal: Signal, text: &str) -> io::Result<()> {
        execute!(self.inner.backend_mut(), Print(call(signal, text)))
    }

    /// Gives the terminal back for a while.
    pub(super) fn leave() {
        give_back();
    }

    /// Takes it again.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        take()?;
        self.clear()
    }
}

/// What the terminal is given so that it calls: nothing of the text can end it.
fn call(signal: Signal, text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).map(|c| if c == ';' { ',' } else { c }).collect();
    match signal {
        Signal::Bell => "\x07".to_owned(),
        Signal::Osc9 => format!("\x1b]9;aiobs: {text}\x07"),
        Signal::Osc777 => format!("\x1b]777;notify;aiobs;{text}\x07"),
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    let mouse = if MOUSE.load(Ordering::SeqCst) { MOUSE_ON } else { "" };
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide, Print(mouse))
}

/// Undoes [`take`], once. Errors are of no use: the terminal may be gone.
fn give_back() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let mouse = if MOUSE.load(Ordering::SeqCst) { MOUSE_OFF } else { "" };
    let _ = execute!(out, EndSynchronizedUpdate, Print(mouse), DisableBracketedPaste, ResetColor, Show);
    let _ = execute!(out, LeaveAlternateScreen);
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// The thread that draws. A panic elsewhere is a fault of one part: it is logged and the screen goes on.
static DRAWS: OnceLock<ThreadId> = OnceLock::new();

fn restore_on_panic() {
    if DRAWS.set(std::thread::current().id()).is_err() {
        return;
    }
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let here = Some(&std::thread::current().id()) == DRAWS.get();
        if here || !ENTERED.load(Ordering::SeqCst) {
            give_back();
            previous(info);
        } else {
            tracing::error!("a part of the program failed: {info}");
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::{ENTERED, Signal, call, restore_on_panic};
    use std::panic::catch_unwind;
    use std::sync::atomic::Ordering;

    #[test]
    fn a_call_holds_nothing_that_ends_it() {
        assert_eq!(call(Signal::Bell, "x"), "\x07");
        assert_eq!(call(Signal::Osc9, "open: a\x07b\x1b\\c"), "\x1b]9;aiobs: open: ab\\c\x07");
        assert_eq!(call(Signal::Osc777, "a;b"), "\x1b]777;notify;aiobs;a,b\x07");
    }

    #[test]
    fn a_panic_while_drawing_gives_the_terminal_back_and_one_elsewhere_does_not() {
        ENTERED.store(true, Ordering::SeqCst);
        restore_on_panic();
        let elsewhere = std::thread::spawn(|| panic!("elsewhere, on purpose")).join();
        assert!(elsewhere.is_err() && ENTERED.load(Ordering::SeqCst), "the screen goes on");
        let here = catch_unwind(|| panic!("while drawing, on purpose"));
        assert!(here.is_err() && !ENTERED.load(Ordering::SeqCst), "the terminal was given back");
    }
}
