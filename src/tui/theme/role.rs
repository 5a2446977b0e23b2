//! What a style is for. Theme files give each role a style; with no colour at all a role keeps the modifiers
//! that carry the structure.

use ratatui::style::Modifier;

macro_rules! roles {
    ($($variant:ident $name:literal $mono:expr, $doc:literal)+) => {
        /// What a style is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role {
            $(#[doc = $doc] $variant,)+
        }

        impl Role {
            /// All roles; the index equals `self as usize`.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in theme files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Modifiers when there is no colour.
            pub(crate) const fn mono(self) -> Modifier {
                match self { $(Self::$variant => $mono,)+ }
            }
        }
    };
}

const NONE: Modifier = Modifier::empty();
const BOLD: Modifier = Modifier::BOLD;
const DIM: Modifier = Modifier::DIM;
const REVERSED: Modifier = Modifier::REVERSED;
const UNDERLINED: Modifier = Modifier::UNDERLINED;
const ITALIC: Modifier = Modifier::ITALIC;
const BOLD_REVERSED: Modifier = BOLD.union(REVERSED);
const BOLD_UNDERLINED: Modifier = BOLD.union(UNDERLINED);

roles! {
    Text "text" NONE, "Body text, and the background of everything."
    Dim "dim" NONE, "Less important text."
    Faint "faint" DIM, "Guides and placeholders."
    Strong "strong" BOLD, "Text that matters."
    Title "title" BOLD, "Heading of a part."
    Accent "accent" BOLD, "The product's own colour."
    Header "header" NONE, "Header line."
    Tab "tab" NONE, "A pane's name in the header."
    TabActive "tab_active" BOLD_REVERSED, "The name of the pane on screen."
    Footer "footer" NONE, "Footer line."
    Key "key" BOLD, "A key's name."
    Live "live" BOLD, "LIVE badge."
    Paused "paused" BOLD_REVERSED, "PAUSED badge."
    Local "local" BOLD, "LOCAL badge: nothing leaves this machine."
    Remote "remote" BOLD_REVERSED, "REMOTE badge: a model elsewhere is used."
    Selection "selection" REVERSED, "The selected row."
    SelectionIdle "selection_idle" BOLD_UNDERLINED, "The selected row of a part without focus."
    Fatal "fatal" BOLD, "Severity fatal."
    Error "error" BOLD, "Severity error."
    Warn "warn" BOLD, "Severity warn."
    Info "info" NONE, "Severity info."
    Debug "debug" NONE, "Severity debug and trace."
    Ok "ok" NONE, "Done, healthy."
    Running "running" BOLD, "At work now."
    Match "match" UNDERLINED, "Text that was searched for."
    MatchCurrent "match_current" BOLD_REVERSED, "The match under the cursor."
    Time "time" NONE, "A time stamp."
    Component "component" NONE, "A component's name."
    Number "number" NONE, "A measured value."
    FieldName "field_name" NONE, "Name of a field."
    FieldValue "field_value" NONE, "Value of a field."
    Placeholder "placeholder" NONE, "Placeholder in a template, control characters made visible."
    Border "border" NONE, "Lines between parts."
    Popup "popup" NONE, "Background of an overlay."
    PopupTitle "popup_title" BOLD, "Title of an overlay."
    PopupBorder "popup_border" NONE, "Frame of an overlay."
    Input "input" NONE, "Text being typed."
    InputError "input_error" BOLD_UNDERLINED, "Text being typed that is wrong."
    Chip "chip" REVERSED, "A filter or scope in force."
    Link "link" UNDERLINED, "Something Enter follows."
    LinkActive "link_active" BOLD_REVERSED, "The link Enter follows now."
    Code "code" NONE, "Code and commands."
    Quote "quote" ITALIC, "Quoted text."
    Scrollbar "scrollbar" NONE, "Rail of a scrollbar."
    ScrollbarThumb "scrollbar_thumb" NONE, "Thumb of a scrollbar."
    Progress "progress" NONE, "Progress of long work."
    Spark "spark" NONE, "Bars of a rate."
    SparkWarn "spark_warn" NONE, "Bars of warnings."
    SparkError "spark_error" NONE, "Bars of errors."
    Axis "axis" NONE, "Axis labels."
    Series1 "series1" NONE, "First series of a chart."
    Series2 "series2" NONE, "Second series of a chart."
    Series3 "series3" NONE, "Third series of a chart."
    Series4 "series4" NONE, "Fourth series of a chart."
    Threshold "threshold" BOLD, "A threshold line."
    Forecast "forecast" DIM, "A forecast."
    Previous "previous" DIM, "The previous period."
    Marker "marker" BOLD, "A mark on a time axis."
    ToastInfo "toast_info" NONE, "A neutral message."
    ToastWarn "toast_warn" BOLD, "A message that something is not right."
    ToastError "toast_error" BOLD_REVERSED, "A message that something failed."
}

impl Role {
    /// From the name in theme files.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.name() == name)
    }
}
