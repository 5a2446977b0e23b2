//! Carries out the effects that move between panes, until only those on the world are left.

use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::panes::{Goto, PaneId};
use std::collections::VecDeque;

/// Panes answering each other must come to an end.
const LIMIT: usize = 64;

/// Carries out moves; the rest is for the world.
pub(super) fn settle(model: &mut Model, effects: Vec<Effect>) -> Vec<Effect> {
    let mut queue = VecDeque::from(effects);
    let mut world = Vec::new();
    let mut steps = 0;
    while let Some(effect) = queue.pop_front() {
        steps += 1;
        let more = match effect {
            _ if steps > LIMIT => break,
            Effect::Toast(toast) => {
                model.toast(toast);
                Vec::new()
            }
            Effect::Show(pane) => go(model, pane, None),
            Effect::OpenIncident(id) => go(model, PaneId::Incidents, Some(&Goto::Incident(id))),
            Effect::ShowRecord(id) => go(model, PaneId::Logs, Some(&Goto::Record(id))),
            Effect::FilterLogs(text) => go(model, PaneId::Logs, Some(&Goto::Filter(text))),
            Effect::ShowHeat => go(model, PaneId::Charts, Some(&Goto::Heat)),
            Effect::GoToTime(text) => go(model, PaneId::Logs, Some(&Goto::Time(text))),
            Effect::RunSql(text) => go(model, PaneId::Sql, Some(&Goto::Statement(text))),
            Effect::EditFilter => go(model, PaneId::Logs, Some(&Goto::EditFilter)),
            Effect::AskAbout(scope) => go(model, PaneId::Chat, Some(&Goto::Scope(scope))),
            Effect::Back => back(model),
            other => {
                world.push(other);
                continue;
            }
        };
        for effect in more.into_iter().rev() {
            queue.push_front(effect);
        }
    }
    world
}

fn go(model: &mut Model, pane: PaneId, to: Option<&Goto>) -> Vec<Effect> {
    model.shell.overlay = None;
    if model.shell.pane != pane {
        model.shell.trail.push(model.shell.pane);
        model.panes.get_mut(model.shell.pane).leave();
        model.shell.pane = pane;
    }
    let cx = model.world.cx();
    let target = model.panes.get_mut(pane);
    let mut effects = to.map(|to| target.go(to, &cx)).unwrap_or_default();
    effects.extend(target.enter(&cx));
    effects
}

fn back(model: &mut Model) -> Vec<Effect> {
    let Some(pane) = model.shell.trail.pop() else { return Vec::new() };
    let cx = model.world.cx();
    let mut effects = model.panes.get_mut(model.shell.pane).back(&cx);
    model.panes.get_mut(model.shell.pane).leave();
    model.shell.pane = pane;
    effects.extend(model.panes.get_mut(pane).enter(&cx));
    effects
}
