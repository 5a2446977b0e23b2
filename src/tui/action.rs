//! The one table of what a key can do. Key parsing, keymap checks, footer hints, the `?` help, the `:` palette and
//! the generated documentation all read it; nothing else names an action. It knows no pane and no terminal.

use std::fmt;

/// Where a binding is in force. A pane is looked up first, then [`Context::Global`], then [`Context::Always`];
/// contexts that take text skip `Global`, so that letters reach the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere, even while typing.
    Always,
    /// Everywhere but while typing.
    Global,
    /// Overview pane.
    Overview,
    /// Logs pane.
    Logs,
    /// The histogram over the records in Logs.
    Histogram,
    /// Incidents pane.
    Incidents,
    /// Charts pane.
    Charts,
    /// The heat map of components over time in Charts.
    Heat,
    /// Topology pane.
    Topology,
    /// Chat pane, reading.
    Chat,
    /// SQL pane, its result.
    Sql,
    /// Patterns pane.
    Patterns,
    /// A line being typed: filter, search, time.
    Input,
    /// The multi-line editor of the chat.
    Editor,
    /// The command palette.
    Palette,
    /// The help overlay.
    Help,
}

impl Context {
    /// All contexts.
    pub const ALL: [Self; 16] = [
        Self::Always,
        Self::Global,
        Self::Overview,
        Self::Logs,
        Self::Histogram,
        Self::Incidents,
        Self::Charts,
        Self::Heat,
        Self::Topology,
        Self::Chat,
        Self::Sql,
        Self::Patterns,
        Self::Input,
        Self::Editor,
        Self::Palette,
        Self::Help,
    ];

    /// The name in keymap files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Global => "global",
            Self::Overview => "overview",
            Self::Logs => "logs",
            Self::Histogram => "histogram",
            Self::Incidents => "incidents",
            Self::Charts => "charts",
            Self::Heat => "heat",
            Self::Topology => "topology",
            Self::Chat => "chat",
            Self::Sql => "sql",
            Self::Patterns => "patterns",
            Self::Input => "input",
            Self::Editor => "editor",
            Self::Palette => "palette",
            Self::Help => "help",
        }
    }

    /// From the name in keymap files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Whether unbound keys are text.
    pub const fn takes_text(self) -> bool {
        matches!(self, Self::Input | Self::Editor | Self::Palette)
    }

    /// The contexts a key is looked up in, first one wins.
    pub const fn chain(self) -> &'static [Self] {
        match self {
            Self::Always => &[Self::Always],
            Self::Global => &[Self::Global, Self::Always],
            Self::Overview => &[Self::Overview, Self::Global, Self::Always],
            Self::Logs => &[Self::Logs, Self::Global, Self::Always],
            Self::Histogram => &[Self::Histogram, Self::Logs, Self::Global, Self::Always],
            Self::Incidents => &[Self::Incidents, Self::Global, Self::Always],
            Self::Charts => &[Self::Charts, Self::Global, Self::Always],
            Self::Heat => &[Self::Heat, Self::Charts, Self::Global, Self::Always],
            Self::Topology => &[Self::Topology, Self::Global, Self::Always],
            Self::Chat => &[Self::Chat, Self::Global, Self::Always],
            Self::Sql => &[Self::Sql, Self::Global, Self::Always],
            Self::Patterns => &[Self::Patterns, Self::Global, Self::Always],
            Self::Input => &[Self::Input, Self::Always],
            Self::Editor => &[Self::Editor, Self::Always],
            Self::Palette => &[Self::Palette, Self::Always],
            Self::Help => &[Self::Help, Self::Global, Self::Always],
        }
    }
}

/// Heading in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// Between panes and overlays.
    General,
    /// Within a pane.
    Moving,
    /// Finding and narrowing.
    Finding,
    /// Acting on what is selected.
    Acting,
    /// Typing.
    Typing,
}

impl Section {
    /// All sections in the order of the help.
    pub const ALL: [Self; 5] = [Self::General, Self::Moving, Self::Finding, Self::Acting, Self::Typing];

    /// The heading.
    pub const fn name(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Moving => "Moving",
            Self::Finding => "Finding",
            Self::Acting => "Acting",
            Self::Typing => "Typing",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// What it is.
    pub action: Action,
    /// The name in keymap files and the palette.
    pub name: &'static str,
    /// One or two words for the footer.
    pub short: &'static str,
    /// What it does, one phrase.
    pub description: &'static str,
    /// Heading in the help.
    pub section: Section,
    /// Where it may be bound. `Global` stands for every pane as well.
    pub contexts: &'static [Context],
}

macro_rules! actions {
    ($($variant:ident $name:literal $short:literal $section:ident [$($context:ident)+] $description:literal)+) => {
        /// What a key can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $description] $variant,)+
        }

        /// The table, in the order of the help. The index equals `Action as usize`.
        pub const TABLE: &[Spec] = &[$(Spec {
            action: Action::$variant,
            name: $name,
            short: $short,
            description: $description,
            section: Section::$section,
            contexts: &[$(Context::$context),+],
        }),+];
    };
}

actions! {
    // variant       name              footer         section  contexts  description
    Help             "help"            "help"         General [Always Global] "Show the keys that work here"
    Palette          "palette"         "command"      General [Always Global] "Find and run a command by name"
    Back             "back"            "back"         General [Global Input Editor Palette Help] "Close, leave, or go back to where you came from"
    Cancel           "cancel"          "cancel"       General [Always] "Stop what is running; pressed twice with nothing running, quit"
    Quit             "quit"            "quit"         General [Always Global] "Quit"
    Suspend          "suspend"         "suspend"      General [Always Global] "Suspend to the shell (fg comes back)"
    Redraw           "redraw"          "redraw"       General [Always Global] "Draw the whole screen again"
    NextPane         "next_pane"       "next pane"    General [Always Global Input Editor] "Go to the next pane"
    PreviousPane     "previous_pane"   "previous pane" General [Always Global Input Editor] "Go to the previous pane"
    ShowOverview     "show_overview"   "overview"     General [Always Global] "Go to Overview"
    ShowLogs         "show_logs"       "logs"         General [Always Global] "Go to Logs"
    ShowIncidents    "show_incidents"  "incidents"    General [Always Global] "Go to Incidents"
    ShowCharts       "show_charts"     "charts"       General [Always Global] "Go to Charts"
    ShowTopology     "show_topology"   "topology"     General [Always Global] "Go to Topology"
    ShowChat         "show_chat"       "chat"         General [Always Global] "Go to Chat"
    ShowSql          "sql"             "SQL"          General [Always Global] "Ask the archive in SQL"
    ShowPatterns     "patterns"        "patterns"     General [Always Global] "Go to Patterns"
    Zoom             "zoom"            "zoom"         General [Global] "Let the focused part of a split fill the pane, or split again"
    NextTheme        "next_theme"      "theme"        General [Global] "Try the next theme"

    Down             "down"            "down"         Moving [Global Input Palette Help] "One row down"
    Up               "up"              "up"           Moving [Global Input Palette Help] "One row up"
    Left             "left"            "left"         Moving [Global] "To the left"
    Right            "right"           "right"        Moving [Global] "To the right"
    HalfPageDown     "half_page_down"  "down"         Moving [Global Editor] "Half a screen down"
    HalfPageUp       "half_page_up"    "up"           Moving [Global Editor] "Half a screen up"
    PageDown         "page_down"       "page down"    Moving [Global Input Editor Palette] "A screen down"
    PageUp           "page_up"         "page up"      Moving [Global Input Editor Palette] "A screen up"
    Top              "top"             "first"        Moving [Global] "To the first row"
    Bottom           "bottom"          "last"         Moving [Global] "To the last row (and follow, in Logs)"
    NextItem         "next_item"       "next"         Moving [Overview Logs Incidents Charts Topology Chat Patterns] "Focus the next part of the pane, or the next link"
    PreviousItem     "previous_item"   "previous"     Moving [Overview Logs Incidents Charts Topology Chat Patterns] "Focus the previous part of the pane, or the previous link"

    Filter           "filter"          "filter"       Finding [Global] "Narrow down what is shown"
    ClearFilter      "clear_filter"    "clear filter" Finding [Logs Incidents Patterns] "Show everything again"
    Find             "find"            "find"         Finding [Logs Incidents Patterns Help] "Search for text without hiding the rest"
    NextMatch        "next_match"      "next match"   Finding [Logs Incidents Patterns Help] "To the next match"
    PreviousMatch    "previous_match"  "previous match" Finding [Logs Incidents Patterns Help] "To the previous match"
    NextError        "next_error"      "errors"   Finding [Overview Logs] "To the next error; from Overview, to all errors in Logs"
    PreviousError    "previous_error"  "previous error" Finding [Logs] "To the previous error"
    NextWarning      "next_warning"    "next warning" Finding [Logs] "To the next warning or worse"
    PreviousWarning  "previous_warning" "previous warning" Finding [Logs] "To the previous warning or worse"
    GoToTime         "go_to_time"      "go to"        Finding [Logs] "Go to a time, a share (50%) or a record (#1207)"
    ToggleOrder      "toggle_order"    "order"        Finding [Logs] "Order records by event time, or as they came"
    ToggleHistogram  "toggle_histogram" "histogram"   Finding [Logs] "Show how many records there were when, by severity"
    ToggleHeat       "heat_map"        "heat map"     Finding [Overview Charts] "Show which components warned or failed when"
    ZoomIn           "zoom_in"         "closer"       Finding [Histogram Heat] "Less time in a column"
    ZoomOut          "zoom_out"        "wider"        Finding [Histogram Heat] "More time in a column"
    MarkRange        "mark_range"      "mark"         Finding [Histogram] "Mark the other end of a range; Enter then takes it into the filter"
    IncludeComponent "include_component" "only this"  Finding [Logs] "Show only the component under the cursor; in the detail, the value"
    ExcludeComponent "exclude_component" "hide this"  Finding [Logs] "Hide the component under the cursor; in the detail, the value"
    IncludeTemplate  "include_template" "like this"   Finding [Logs] "Show only lines like the one under the cursor; in the detail, the value"
    ExcludeTemplate  "exclude_template" "hide these"  Finding [Logs] "Hide lines like the one under the cursor; in the detail, the value"
    IncludeSource    "include_source"  "this source"  Finding [Logs] "Show only the source of the line under the cursor"
    ExcludeSource    "exclude_source"  "hide source"  Finding [Logs] "Hide the source of the line under the cursor"
    IncludeLevel     "include_level"   "this level"   Finding [Logs] "Show only lines at least as bad as the one under the cursor"
    ExcludeLevel     "exclude_level"   "hide level"   Finding [Logs] "Hide the level of the line under the cursor"
    UndoFilter       "undo_filter"     "undo filter"  Finding [Logs] "Back to the filter before this one"
    FollowTrace      "follow_trace"    "trace"        Finding [Logs] "Show every line of the trace, request or session of this one"
    Around           "around"          "around"       Finding [Logs] "Show every line around this one without the filter, or go back"
    NextBookmark     "next_bookmark"   "next bookmark" Finding [Logs] "To the next bookmark"
    PreviousBookmark "previous_bookmark" "previous bookmark" Finding [Logs] "To the previous bookmark"
    Bookmarks        "bookmarks"       "bookmarks"    Finding [Logs] "List bookmarks and notes"
    Columns          "columns"         "columns"      Acting [Logs] "Choose the columns before the message, also fields of the records"
    SaveFilter       "save_filter"     "save filter"  Finding [Logs] "Keep the filter under a name"
    SavedFilters     "saved_filters"   "saved filters" Finding [Logs] "List the filters that were kept"

    Open             "open"            "open"         Acting [Global] "Open what is selected"
    Copy             "copy"            "copy"         Acting [Global] "Copy what is selected to the clipboard"
    Ask              "ask"             "ask"          Acting [Global] "Ask the assistant about what is selected"
    Pause            "pause"           "pause"        Acting [Logs] "Hold the view still, or follow again"
    Wrap             "wrap"            "wrap"         Acting [Logs Incidents] "Wrap long lines, or cut them"
    Bookmark         "bookmark"        "bookmark"     Acting [Logs] "Mark the line, or take mark and note away"
    Note             "note"            "note"         Acting [Logs Patterns] "Write a note on the line; in Patterns, on the pattern"
    Select           "select"          "select"       Acting [Logs] "Begin a range of lines at the cursor, or drop it"
    Export           "export"          "export"       Acting [Logs Incidents Chat] "Write to a file: in Logs the range or all that the filter leaves, in Incidents the incident as Markdown, HTML or JSON, in Chat the conversation"
    OpenPager        "open_pager"      "pager"        Acting [Logs] "Show the range, or all that the filter leaves, in the pager"
    OpenEditor       "open_editor"     "editor"       Acting [Logs] "Show the range, or all that the filter leaves, in the editor"
    Highlight        "highlight"       "highlight"    Acting [Logs] "Let a word or /expression/ stand out in all lines, or no more"
    Pretty           "pretty"          "pretty"       Acting [Logs] "Lay out JSON, SQL and addresses in the detail, or show the line as it is"
    StopOlder        "stop_older"      "stop older"   Acting [Overview Logs] "Stop reading the older lines of large files, whose end is shown already"
    ReadOlder        "read_older"      "read older"   Acting [Overview Logs] "Read the older lines that were left out"
    OpenIncident     "open_incident"   "incident"     Acting [Logs] "Open the incident this line is part of"
    Acknowledge      "acknowledge"     "acknowledge"  Acting [Incidents] "Take the incident: you look at it"
    Resolve          "resolve"         "resolve"      Acting [Incidents] "Say that the incident is over"
    Reopen           "reopen"          "reopen"       Acting [Incidents] "Open the incident again"
    Mute             "mute"            "mute"         Acting [Incidents Patterns] "Never show this fault again; in Patterns, raise no incident for such lines, or do again"
    VerdictRight     "verdict_right"   "right"        Acting [Incidents] "The diagnosis is right"
    VerdictPartly    "verdict_partly"  "partly"       Acting [Incidents] "The diagnosis is partly right"
    VerdictWrong     "verdict_wrong"   "wrong"        Acting [Incidents] "The diagnosis is wrong"
    Useful           "useful"          "useful"       Acting [Incidents Patterns] "Such an incident is worth an alarm: rank what is said alike higher"
    Noise            "noise"           "noise"        Acting [Incidents Patterns] "Such an incident is noise: rank what is said alike lower, or leave it out"
    Fold             "fold"            "fold"         Acting [Incidents] "Show or hide what the incident caused"
    VerdictNote      "verdict_note"    "what it was"  Acting [Incidents] "Write what it really was, or another note on the diagnosis"
    FixApplied       "fix_applied"     "fix applied"  Acting [Incidents] "Say that the fix was applied, or that it was not"
    EditQuestion     "edit_question"   "edit last"    Acting [Chat] "Write the last question anew, to be asked in its place"
    Conversations    "conversations"   "conversations" Finding [Chat] "List the conversations"
    NewConversation  "new_conversation" "new"         Acting [Chat] "Begin another conversation"
    Rename           "rename"          "rename"       Acting [Chat] "Give the conversation another name"
    Delete           "delete"          "delete"       Acting [Chat] "Delete the conversation; pressed twice"
    ChooseModel      "choose_model"    "model"        Acting [Chat] "Choose who answers"
    Rerun            "rerun"           "re-run"       Acting [Incidents Chat] "Diagnose again; in Chat, ask the last question again"
    RerunBy          "rerun_by"        "other model"  Acting [Incidents] "Diagnose again by a model that you choose"
    Compare          "compare"         "compare"      Acting [Incidents] "Put a past incident like this one beside it"
    CancelRun        "cancel_run"      "stop the run" Acting [Incidents] "Stop the diagnosis that goes on for this incident, or take it out of the line"
    Preview          "preview"         "what is sent" Acting [Incidents Chat] "Show exactly what a model is sent"
    ClearScope       "clear_scope"     "whole archive" Acting [Chat Editor] "Ask about everything instead of the chosen scope"
    Edit             "edit"            "write"        Acting [Chat Sql] "Write to the assistant, or a statement of SQL"
    NextView         "next_view"       "next view"    Acting [Charts Topology Sql] "The next chart or run, or form of a result"
    PreviousView     "previous_view"   "previous view" Acting [Charts Topology] "The previous chart or run"
    SortColumn       "sort_column"     "sort"         Acting [Sql] "Sort by the column: greatest first, least first, as found"
    NamePattern      "name_pattern"    "name"         Acting [Patterns] "Give the pattern a name, or take it away"
    SortRows         "sort_rows"       "sort"         Acting [Patterns] "Sort by count, by the newest, or by the greatest change"
    CopyRow          "copy_row"        "copy row"     Acting [Logs Sql] "Copy the row as JSON; in Logs, the field of the detail with its name"
    SaveResult       "save_result"     "save"         Acting [Sql] "Write the result to a file: .csv, .json or .md"

    Submit           "submit"          "accept"       Typing [Input Editor Palette] "Accept what was typed, or send it"
    NewLine          "new_line"        "new line"     Typing [Editor] "Begin a new line"
    Complete         "complete"        "complete"     Typing [Input Editor] "Complete the word"
    Remove           "remove"          "remove"       Typing [Input] "Remove the entry of the list"
    Earlier          "earlier"         "move up"      Typing [Input] "Move the entry of the list up: the column to the left"
    Later            "later"           "move down"    Typing [Input] "Move the entry of the list down: the column to the right"
    DeleteAll        "delete_all"      "clear"        Typing [Input Palette] "Delete all that was typed"
}

impl Action {
    /// Its row of the table.
    pub const fn spec(self) -> &'static Spec {
        &TABLE[self as usize]
    }

    /// The name in keymap files.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// From the name in keymap files.
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|s| s.name == name).map(|s| s.action)
    }

    /// Whether it may be bound in `context`.
    pub fn allowed_in(self, context: Context) -> bool {
        let contexts = self.spec().contexts;
        contexts.contains(&context)
            || (contexts.contains(&Context::Global) && !context.takes_text() && !matches!(context, Context::Always))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
