//! Datasets of JSON-stat 2.0 (json-stat.org/full): a cube of figures whose dimensions name units, years and what
//! is measured.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;

use super::{formats::JSON_STAT, respond, schema::Number};
use crate::domain::decimal::Exact;

/// What a dimension is, as JSON-stat tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Years.
    Time,
    /// Units.
    Geo,
    /// What is measured.
    Metric,
    /// Anything else; a dataset lists no role of it.
    Classification,
}

/// A member of a dimension.
#[derive(Debug, Clone)]
pub struct Category {
    id: String,
    label: String,
    /// What figures of it count, and their decimals; for metrics.
    unit: Option<(String, u8)>,
}

impl Category {
    /// A member of an id and a label.
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self { id: id.into(), label: label.into(), unit: None }
    }

    /// A metric: what its figures count, and the decimals that they are shown with.
    pub fn metric(id: &str, label: &str, unit: &str, decimals: u8) -> Self {
        Self { unit: Some((unit.to_owned(), decimals)), ..Self::new(id, label) }
    }
}

/// A dimension with its members in order. Ids are unique within a dimension.
#[derive(Debug, Clone)]
pub struct Dimension {
    /// Its id.
    pub id: &'static str,
    /// Its label, in Vietnamese.
    pub label: &'static str,
    /// What it is.
    pub role: Role,
    /// Its members.
    pub categories: Vec<Category>,
}

impl Dimension {
    fn body(&self) -> Json {
        let index: Vec<&str> = self.categories.iter().map(|c| c.id.as_str()).collect();
        let labels: Map<String, Json> =
            self.categories.iter().map(|c| (c.id.clone(), Json::from(c.label.as_str()))).collect();
        let units: Map<String, Json> = self
            .categories
            .iter()
            .filter_map(|c| {
                let (label, decimals) = c.unit.as_ref()?;
                Some((c.id.clone(), json!({"label": label, "decimals": decimals})))
            })
            .collect();
        let mut category = json!({"index": index, "label": labels});
        if let (false, Some(category)) = (units.is_empty(), category.as_object_mut()) {
            category.insert("unit".to_owned(), Json::Object(units));
        }
        json!({"label": self.label, "category": category})
    }
}

/// The dimensions of each role; a role without one is left out.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct DatasetRoles {
    /// Dimensions of years.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub time: Vec<String>,
    /// Dimensions of units.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub geo: Vec<String>,
    /// Dimensions of what is measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub metric: Vec<String>,
}

/// A dataset of JSON-stat 2.0.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JsonStatDataset, example = json!({
    "version": "2.0", "class": "dataset", "label": "Xếp hạng pci năm 2016", "id": ["unit", "year", "metric"],
    "size": [1, 1, 2], "role": {"time": ["year"], "geo": ["unit"], "metric": ["metric"]},
    "dimension": {
        "unit": {"label": "Đơn vị", "category": {"index": ["gso-87"], "label": {"gso-87": "Tỉnh Đồng Tháp"}}},
        "year": {"label": "Năm", "category": {"index": ["2016"], "label": {"2016": "2016"}}},
        "metric": {"label": "Chỉ tiêu", "category": {
            "index": ["score", "rank"], "label": {"score": "Điểm", "rank": "Hạng"},
            "unit": {"score": {"label": "điểm", "decimals": 2}, "rank": {"label": "hạng", "decimals": 0}}
        }}
    },
    "value": [64.9552993774414, 3], "status": {}
}))]
pub struct Dataset {
    /// `2.0`.
    pub version: &'static str,
    /// `dataset`.
    pub class: &'static str,
    /// What the dataset is, in Vietnamese.
    pub label: String,
    /// What is to be known of the figures, in Vietnamese and in English; left out where there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub note: Vec<String>,
    /// The dimensions, the slowest first.
    pub id: Vec<&'static str>,
    /// How many members each dimension has.
    pub size: Vec<usize>,
    /// What each dimension is.
    pub role: DatasetRoles,
    /// The dimensions with the ids, labels and order of their members.
    #[schema(value_type = Object)]
    pub dimension: Map<String, Json>,
    /// The figures in row-major order, not rounded; null where there is none.
    pub value: Vec<Option<Number>>,
    /// Why a figure is null, by its place in `value`.
    #[schema(value_type = Object)]
    pub status: Map<String, Json>,
}

impl Dataset {
    /// A dataset of dimensions, its figures still to be added in their order.
    pub fn new(label: String, dimensions: &[Dimension]) -> Self {
        let mut role = DatasetRoles::default();
        for dimension in dimensions {
            let of = match dimension.role {
                Role::Time => &mut role.time,
                Role::Geo => &mut role.geo,
                Role::Metric => &mut role.metric,
                Role::Classification => continue,
            };
            of.push(dimension.id.to_owned());
        }
        Self {
            version: "2.0",
            class: "dataset",
            label,
            note: Vec::new(),
            id: dimensions.iter().map(|d| d.id).collect(),
            size: dimensions.iter().map(|d| d.categories.len()).collect(),
            role,
            dimension: dimensions.iter().map(|d| (d.id.to_owned(), d.body())).collect(),
            value: Vec::new(),
            status: Map::new(),
        }
    }

    /// Adds the next figures; `why` says why those that are absent are.
    pub fn push(&mut self, figures: impl IntoIterator<Item = Option<Exact>>, why: Option<&str>) {
        for figure in figures {
            if let (None, Some(why)) = (&figure, why) {
                self.status.insert(self.value.len().to_string(), Json::from(why));
            }
            self.value.push(figure.as_ref().map(Number::exact));
        }
    }
}

/// A dataset with its validator.
pub fn answer(request: &HttpRequest, dataset: &Dataset) -> HttpResponse {
    // The body is made of texts and numbers; writing it can't fail.
    respond::text(request, JSON_STAT, &serde_json::to_vec(dataset).unwrap_or_default())
}
