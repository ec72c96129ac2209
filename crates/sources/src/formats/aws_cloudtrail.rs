//! AWS CloudTrail: files with `{"Records": [...]}`, or one event a line.
//!
//! # Source
//! AWS CloudTrail's "Record contents"; the columns of Microsoft Sentinel's table AWSCloudTrail.

use crate::detect::Sniff;
use crate::frame::of_objects;
use crate::object::Object;
use crate::row::Row;
use crate::source::{Shape, Source};

pub static SOURCE: Source = Source {
    name: "aws_cloudtrail",
    about: "AWS CloudTrail events",
    shape: Shape::Json,
    tables: &["AWSCloudTrail"],
    detect: |sniff: &Sniff<'_>| {
        if sniff.has_all(&["eventSource", "eventName", "awsRegion", "eventVersion"]) { 95 } else { 0 }
    },
    parser: |_| of_objects(&["Records"], |event, item, out| out.result(record(event), item)),
};

/// Members that keep their text, and their columns.
const TEXTS: &[(&str, &str)] = &[
    ("eventID", "AwsEventId"),
    ("requestID", "AwsRequestId_"),
    ("eventName", "EventName"),
    ("eventSource", "EventSource"),
    ("eventType", "EventTypeName"),
    ("eventVersion", "EventVersion"),
    ("eventCategory", "Category"),
    ("awsRegion", "AWSRegion"),
    ("sourceIPAddress", "SourceIpAddress"),
    ("userAgent", "UserAgent"),
    ("errorCode", "ErrorCode"),
    ("errorMessage", "ErrorMessage"),
    ("requestParameters", "RequestParameters"),
    ("responseElements", "ResponseElements"),
    ("additionalEventData", "AdditionalEventData"),
    ("resources", "Resources"),
    ("recipientAccountId", "RecipientAccountId"),
    ("apiVersion", "APIVersion"),
    ("serviceEventDetails", "ServiceEventDetails"),
    ("sharedEventID", "SharedEventId"),
    ("vpcEndpointId", "VpcEndpointId"),
];

const IDENTITY: &[(&str, &str)] = &[
    ("type", "UserIdentityType"),
    ("principalId", "UserIdentityPrincipalid"),
    ("arn", "UserIdentityArn"),
    ("accountId", "UserIdentityAccountId"),
    ("invokedBy", "UserIdentityInvokedBy"),
    ("accessKeyId", "UserIdentityAccessKeyId"),
    ("userName", "UserIdentityUserName"),
    ("userId", "UserIdentityUserId"),
    ("identityStoreArn", "UserIdentityStoreArn"),
];

const ISSUER: &[(&str, &str)] = &[
    ("type", "SessionIssuerType"),
    ("principalId", "SessionIssuerPrincipalId"),
    ("arn", "SessionIssuerArn"),
    ("accountId", "SessionIssuerAccountId"),
    ("userName", "SessionIssuerUserName"),
];

fn record(mut event: Object<'_>) -> Result<Row, String> {
    if !event.has("eventName") || !event.has("eventSource") {
        return Err("it has no `eventName` and `eventSource`".to_string());
    }
    let mut row = Row::new("AWSCloudTrail");
    row.text("SourceSystem", "AWS");
    row.text("OperationName", "CloudTrail");
    for time in ["eventTime", "@timestamp"] {
        if let Some(json) = event.take(time).filter(|_| !row.is_set("TimeGenerated")) {
            row.json("TimeGenerated", json);
        }
    }
    event.texts_to(&mut row, TEXTS);
    event.move_to(&mut row, &[("readOnly", "ReadOnly"), ("managementEvent", "ManagementEvent")]);
    if let Some(mut identity) = event.take("userIdentity").map(Object::members_of) {
        identity.texts_to(&mut row, IDENTITY);
        if let Some(mut session) = identity.take("sessionContext").map(Object::members_of) {
            if let Some(mut attributes) = session.take("attributes").map(Object::members_of) {
                attributes.move_to(
                    &mut row,
                    &[("mfaAuthenticated", "SessionMfaAuthenticated"), ("creationDate", "SessionCreationDate")],
                );
                pass_under(&mut row, "SessionAttributes", &attributes);
            }
            if let Some(mut issuer) = session.take("sessionIssuer").map(Object::members_of) {
                issuer.texts_to(&mut row, ISSUER);
                pass_under(&mut row, "SessionIssuer", &issuer);
            }
            session.move_to(&mut row, &[("ec2RoleDelivery", "EC2RoleDelivery")]);
            pass_under(&mut row, "SessionContext", &session);
        }
        pass_under(&mut row, "UserIdentity", &identity);
    }
    if let Some(mut tls) = event.take("tlsDetails").map(Object::members_of) {
        tls.texts_to(
            &mut row,
            &[
                ("tlsVersion", "TlsVersion"),
                ("cipherSuite", "CipherSuite"),
                ("clientProvidedHostHeader", "ClientProvidedHostHeader"),
            ],
        );
        pass_under(&mut row, "TlsDetails", &tls);
    }
    event.pass_rest(&mut row);
    Ok(row)
}

/// Passes on what is left of an inner object, under a name that says where it was.
fn pass_under(row: &mut Row, prefix: &str, object: &Object<'_>) {
    for (name, json) in object.rest() {
        row.pass(&format!("{prefix}_{name}"), json);
    }
}
